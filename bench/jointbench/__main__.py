"""`python -m jointbench`."""

from jointbench.cli.app import main

if __name__ == "__main__":
    main()
