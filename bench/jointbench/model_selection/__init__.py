"""What scikit-learn's users can take by itself: a splitter for several outputs and groups."""

from jointbench.model_selection.multi_output_kfold import MultiOutputKFold

__all__ = ["MultiOutputKFold"]
