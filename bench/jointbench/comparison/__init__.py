"""From records to a decision: paired differences in, posteriors, verdicts and advice out."""
