using k8s.Models;
using Kublambda.Gc.Cluster;

namespace Kublambda.Gc.Tests;

public sealed class BuildPodsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_pod_whose_containers_never_started_or_ended_is_over_some_time_after_its_deletion() =>
        Assert.True(BuildPods.HasEnded(Pod(10, Waiting(), Ended()), Now));

    [Fact]
    public void A_pod_that_is_not_being_deleted_is_not_over() => Assert.False(BuildPods.HasEnded(Pod(null, Waiting(), Ended()), Now));

    [Fact]
    public void A_pod_that_still_has_time_to_end_is_not_over() => Assert.False(BuildPods.HasEnded(Pod(2, Waiting(), Ended()), Now));

    [Fact]
    public void A_pod_in_which_something_runs_is_not_over() => Assert.False(BuildPods.HasEnded(Pod(1000, Ended(), Running()), Now));

    [Fact]
    public void A_pod_of_which_its_node_has_not_spoken_may_run_unseen()
    {
        Assert.False(BuildPods.HasEnded(Pod(1000), Now));
        Assert.False(BuildPods.HasEnded(Pod(1000, Waiting()), Now));
    }

    private static V1Pod Pod(int? secondsSinceDeletion, params V1ContainerStatus[] statuses) => new()
    {
        Metadata = new V1ObjectMeta { Name = "build", DeletionTimestamp = secondsSinceDeletion is { } seconds ? Now.AddSeconds(-seconds).UtcDateTime : null },
        Spec = new V1PodSpec { InitContainers = [new V1Container { Name = "fetch" }], Containers = [new V1Container { Name = "image" }] },
        Status = new V1PodStatus { InitContainerStatuses = [.. statuses.Take(1)], ContainerStatuses = [.. statuses.Skip(1)] },
    };

    private static V1ContainerStatus Waiting() => new() { State = new V1ContainerState { Waiting = new V1ContainerStateWaiting() } };

    private static V1ContainerStatus Ended() => new() { State = new V1ContainerState { Terminated = new V1ContainerStateTerminated() } };

    private static V1ContainerStatus Running() => new() { State = new V1ContainerState { Running = new V1ContainerStateRunning() } };
}
