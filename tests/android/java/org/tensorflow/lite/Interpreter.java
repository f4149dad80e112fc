package org.tensorflow.lite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Stands in for LiteRT's class where there is no Android: it answers from the file that -Dstub.table names, and is as
 * strict as the real one about what it is given. Lines of the file: "input NAME TYPE SHAPE SCALE ZERO",
 * "output NAME TYPE SHAPE SCALE ZERO", "answer CRC32-OF-INPUT HEX HEX…" with one HEX for each output; -1 stands for every other input.
 */
public final class Interpreter implements AutoCloseable {
    public static class Options {
        static int threads;

        public Options setNumThreads(int numThreads) {
            threads = numThreads;
            return this;
        }
    }

    /** Read by the test. */
    public static long modelChecksum;

    private final List<TensorImpl> inputs = new ArrayList<>();
    private final List<TensorImpl> outputs = new ArrayList<>();
    private final Map<Long, String[]> answers = new HashMap<>();
    private final ByteBuffer model;
    private boolean allocated;

    public Interpreter(ByteBuffer model, Options options) throws IOException {
        if (!model.isDirect() || model.order() != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException(
                "Model ByteBuffer should be either a MappedByteBuffer of the model file, or a direct ByteBuffer using "
                    + "ByteOrder.nativeOrder() which contains bytes of model content.");
        }
        this.model = model;
        modelChecksum = checksum(model);
        for (String line : Files.readAllLines(Paths.get(System.getProperty("stub.table")))) {
            String[] words = line.split(" ", 2);
            if (words[0].equals("answer")) {
                String[] parts = words[1].split(" ", 2);
                answers.put(Long.parseLong(parts[0]), parts[1].split(" "));
            } else {
                (words[0].equals("input") ? inputs : outputs).add(new TensorImpl(words[1]));
            }
        }
    }

    public static int threads() {
        return Options.threads;
    }

    public void allocateTensors() {
        allocated = true;
    }

    public int getInputTensorCount() {
        return inputs.size();
    }

    public Tensor getInputTensor(int index) {
        return inputs.get(index);
    }

    public int getOutputTensorCount() {
        return outputs.size();
    }

    public Tensor getOutputTensor(int index) {
        return outputs.get(index);
    }

    public void runForMultipleInputsOutputs(Object[] given, Map<Integer, Object> wanted) {
        if (!allocated) {
            throw new IllegalStateException("Internal error: tensors are not allocated.");
        }
        ByteBuffer input = (ByteBuffer) given[0];
        if (input.remaining() != inputs.get(0).numBytes()) {
            throw new IllegalArgumentException(
                "Cannot copy to a TensorFlowLite tensor (" + inputs.get(0).name + ") with " + inputs.get(0).numBytes()
                    + " bytes from a Java Buffer with " + input.remaining() + " bytes.");
        }
        String[] answer = answers.getOrDefault(checksum(input), answers.get(-1L));
        if (answer == null) {
            throw new IllegalArgumentException("Internal error: the stub knows no answer to this input.");
        }
        for (Map.Entry<Integer, Object> entry : wanted.entrySet()) {
            ByteBuffer output = (ByteBuffer) entry.getValue();
            String hex = answer[entry.getKey()];
            for (int at = 0; at < hex.length(); at += 2) {
                output.put((byte) Integer.parseInt(hex.substring(at, at + 2), 16)); // moves on, as the real one does
            }
        }
    }

    @Override
    public void close() {}

    private static long checksum(ByteBuffer buffer) {
        CRC32 sum = new CRC32();
        sum.update(buffer.duplicate());
        return sum.getValue();
    }
}
