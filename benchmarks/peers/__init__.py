"""What EdgeFashion is measured against: one small file a peer, with `make(job) -> Answer`; PEERS lists them."""

from benchmarks.peers.peer import Peer

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
        "mobilenet-v2": Peer("mobilenet_v2", "frozen MobileNetV2 1.0 and a linear head, int8", TRAINING),
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
