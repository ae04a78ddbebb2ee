"""Teachers and what is learned from them. Tables: a name, and where its `make(dataset, **options)` is found."""

LABELERS = {
    "oracle": "rewards.oracle:make",
    "noisy": "rewards.oracle:make_noisy",
    "time": "rewards.timeorder:make",
    "vlm": "rewards.vlm:make",
}
