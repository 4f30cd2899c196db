using Kublambda.Tests;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Where the cluster's kubeconfig and a kubectl are on this machine.</summary>
internal static class ClusterFiles
{
    public const string NoCluster = "There is no cluster to test on: run `make up` first (or set KUBECONFIG to a cluster that Kublambda is installed in).";

    /// <summary>KUBECONFIG, else the one that <c>make up</c> leaves in the repository.</summary>
    public static string Kubeconfig() => Checkout.Kubeconfig() ?? throw new InvalidOperationException($"{NoCluster} Looked for .local/kubeconfig in {Checkout.Root()}.");

    /// <summary>KUBECTL, else the one on the PATH, else the one that the local cluster was built with.</summary>
    public static string Kubectl()
    {
        if (Environment.GetEnvironmentVariable("KUBECTL") is { Length: > 0 } path)
            return path;

        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var kublambda = Path.Combine(cache, "kublambda");
        var built = Directory.Exists(kublambda) ? Directory.GetDirectories(kublambda, "kubernetes-*") : [];
        return onPath.Concat(built).Select(directory => Path.Combine(directory, "kubectl")).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("There is no kubectl: run `make up`, which builds one, or set KUBECTL.");
    }
}
