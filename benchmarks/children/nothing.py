"""A contestant that does nothing: what a turn costs by itself."""

from benchmarks.children.serve import serve

if __name__ == "__main__":
    serve(lambda: None, runtime="none", version="")
