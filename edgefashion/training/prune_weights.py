from typing import Any
def train_pruning_weights(*a: Any) -> Any:
    raise NotImplementedError
