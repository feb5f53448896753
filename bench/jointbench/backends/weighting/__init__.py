"""Methods that weigh the outputs' losses anew in training: the parts that both frameworks share."""
