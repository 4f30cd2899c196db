using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kublambda.Kubernetes.ClusterTests;

public sealed class LeaseElectionTests(Cluster cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private LeaseElection ACandidate(IKubernetes client, LeaderGate gate, string lease, string identity) => new(
        client, gate,
        new LeaderElectionOptions(lease, cluster.Namespace, identity)
        {
            LeaseDuration = TimeSpan.FromSeconds(4),
            RenewDeadline = TimeSpan.FromSeconds(2),
            RetryPeriod = TimeSpan.FromSeconds(0.4),
        },
        TimeProvider.System, NullLogger<LeaseElection>.Instance);

    [Fact]
    public async Task One_leads_and_when_it_stops_the_other_leads_at_once()
    {
        cluster.Require();
        using LeaderGate first = new(), second = new();
        using var a = ACandidate(cluster.Client, first, "handover", "a");
        using var b = ACandidate(cluster.Client, second, "handover", "b");
        await a.StartAsync(Cancellation);
        await Cluster.EventuallyAsync(() => first.IsLeader, "the first one leads");
        await b.StartAsync(Cancellation);
        await Task.Delay(5000, Cancellation);
        Assert.True(first.IsLeader && !second.IsLeader);

        await a.StopAsync(Cancellation);
        Assert.False(first.IsLeader);
        await Cluster.EventuallyAsync(() => second.IsLeader, "the second one leads without waiting for the lease to run out", seconds: 2);
        await b.StopAsync(Cancellation);
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_steps_down_before_another_leads_and_may_lead_again_later()
    {
        cluster.Require();
        var configuration = cluster.Configuration();
        using var proxy = new TcpProxy(configuration.Host);
        configuration.Host = proxy.Address;
        using var client = new k8s.Kubernetes(configuration);
        using LeaderGate first = new(), second = new();
        using var a = ACandidate(client, first, "cutoff", "a");
        using var b = ACandidate(cluster.Client, second, "cutoff", "b");
        await a.StartAsync(Cancellation);
        await Cluster.EventuallyAsync(() => first.IsLeader, "the first one leads");
        await b.StartAsync(Cancellation);

        proxy.Down = true;
        proxy.Cut();
        var both = false;
        await Cluster.EventuallyAsync(
            () =>
            {
                both |= first.IsLeader && second.IsLeader;
                return second.IsLeader;
            },
            "the second one takes over");
        Assert.False(both);

        proxy.Down = false;
        await b.StopAsync(Cancellation);
        await Cluster.EventuallyAsync(() => first.IsLeader, "the first one leads again: its election did not end with the error");
        await a.StopAsync(Cancellation);
    }
}
