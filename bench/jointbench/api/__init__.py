"""What the command does, called from Python: frames in, a result with verdict, frame and page out."""
