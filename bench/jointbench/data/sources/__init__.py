"""Tables of public repositories, by word (``openml:61``): one file for each repository's own client."""
