using Kublambda.Tests;
using Kublambda.Watcher.ClusterTests;

[assembly: AssemblyFixture(typeof(Cluster))]

namespace Kublambda.Watcher.ClusterTests;

/// <summary>The cluster of KUBECONFIG or of the repository's <c>.local/kubeconfig</c>.</summary>
public sealed class Cluster : ClusterFixture
{
    public static async Task EventuallyAsync(Func<bool> condition, Func<string> what, int seconds = 30)
    {
        for (var i = 0; i < seconds * 20 && !condition(); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(condition(), what());
    }
}
