"""Networks of either framework as ONNX graphs, and requests to them through ONNX Runtime."""
