"""The Python invoker: runs one handler behind HTTP. What it promises is in runtimes/python/README.md."""
