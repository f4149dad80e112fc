"""What EdgeFashion is measured against: one small file a peer, with `make(job) -> Answer`; PEERS lists them."""

from benchmarks.peers.peer import Peer

CLEAR = 0.05
"""p of McNemar's test below which a difference is more than chance."""
BESIDE = "p beside {}"
"""A result's column of p for each further model of ours; "p (McNemar)" is the first's."""
TEN_CLASSES = "ten classes: "
"""Before the name of what was judged by the ten classes of clothing-dataset-small, in a result's rows."""

TRAINING = ("tensorflow", "tf_keras", "safetensors")

PEERS: dict[str, dict[str, Peer]] = {
    # Task → name → peer. A peer whose packages are missing is skipped, and the table says so.
    "fashion-mnist": {
        "seed-mlp": Peer("seed_mlp", "the perceptron this project grew from, float32", TRAINING),
        "keras-cnn": Peer("keras_cnn", "Keras's two-convolution example, int8 after training", TRAINING),
        "hog-svm": Peer("hog_svm", "HOG features and a support vector machine", ("sklearn",)),
    },
    "clothing": {
        "frozen-head": Peer(
            "frozen_head", "frozen EfficientNet-Lite0 and a linear head, int8 (as Teachable Machine)", TRAINING
        ),
        "mobilenet-v2": Peer(
            "mobilenet_v2",
            "frozen MobileNetV2 1.0 and a linear head, int8",
            TRAINING,
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        ),
        "mobilenet-v3-large": Peer(
            "mobilenet_v3_large",
            "frozen MobileNetV3-Large 1.0 and a linear head, int8",
            TRAINING,
            "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        ),
        "post-training": Peer(
            "post_training", "EfficientNet-Lite0 fine-tuned, int8 after training (as MediaPipe Model Maker)", TRAINING
        ),
        "magnitude-pruned": Peer(
            "magnitude_pruned",
            "EfficientNet-Lite0 fine-tuned, half of its weights zeroed, int8 after training (as tfmot's guide)",
            (*TRAINING, "tensorflow_model_optimization"),
        ),
    },
}
