// Each of these tests starts a whole fleet; two at once would measure how they wait for each other.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
