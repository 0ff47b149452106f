-- As launched: a share of the GPU by memory; none where the run has the GPU for itself, or is on the CPU.
ALTER TABLE attempts ADD COLUMN gpu_memory_bytes INTEGER;
-- As the worker reports: what its tensors and workspaces held at most.
ALTER TABLE attempts ADD COLUMN peak_gpu_memory_bytes INTEGER;
