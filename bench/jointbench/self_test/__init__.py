"""Is this machine fit to measure on? Pairs and truths whose answer is known before they are measured."""
