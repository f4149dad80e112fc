"""The device side: model file → `Prediction`, with numpy, Pillow and LiteRT and nothing else."""
