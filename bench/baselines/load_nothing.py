"""Consume only: the floor of every loader in Python. With key and value of each message."""

from __future__ import annotations

from bench.baselines.backlog import blocks


def main() -> None:
    read = 0
    for block in blocks():
        for messages in block.values():
            read += sum(message.value() is not None for message in messages)
    print(read)


if __name__ == "__main__":
    main()
