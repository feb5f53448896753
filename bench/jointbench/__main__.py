"""`python -m jointbench`."""

from jointbench.cli import main

if __name__ == "__main__":
    main()
