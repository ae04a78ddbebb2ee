"""The vocabulary of feedback learning: types, data sets, feedback, training, and the commands over them."""
