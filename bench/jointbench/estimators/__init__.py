"""scikit-learn estimators as arms: one that predicts all outputs against a clone for each."""
