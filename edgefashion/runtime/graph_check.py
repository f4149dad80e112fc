"""stub"""


def check_graph(content: bytes) -> None:
    pass
