package org.tensorflow.lite;

/** As in LiteRT. */
public enum DataType {
    FLOAT32(1), INT32(2), UINT8(3), INT64(4), STRING(5), BOOL(6), INT16(7), INT8(9);

    private final int value;

    DataType(int value) {
        this.value = value;
    }

    public int byteSize() {
        return this == INT64 ? 8 : this == FLOAT32 || this == INT32 ? 4 : this == INT16 ? 2 : 1;
    }
}
