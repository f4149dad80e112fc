package org.tensorflow.lite;

/** Hidden from other packages, as LiteRT's is: only what the interface declares may be called. */
final class TensorImpl implements Tensor {
    final String name;
    final DataType type;
    final int[] shape;
    final QuantizationParams quantisation;

    /** Reads "name TYPE 1,2,3 scale zeroPoint". */
    TensorImpl(String line) {
        String[] words = line.split(" ");
        name = words[0];
        type = DataType.valueOf(words[1]);
        String[] sides = words[2].split(",");
        shape = new int[sides.length];
        for (int side = 0; side < sides.length; side++) {
            shape[side] = Integer.parseInt(sides[side]);
        }
        quantisation = new QuantizationParams(Float.parseFloat(words[3]), Integer.parseInt(words[4]));
    }

    @Override
    public DataType dataType() {
        return type;
    }

    @Override
    public int numBytes() {
        int count = type.byteSize();
        for (int side : shape) {
            count *= side;
        }
        return count;
    }

    @Override
    public int[] shape() {
        return shape;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public QuantizationParams quantizationParams() {
        return quantisation;
    }
}
