using System.Text;
using Kublambda.Contracts;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>What one needs to find the cause of a failure without the cluster at hand.</summary>
internal static class Diagnosis
{
    private const int Longest = 6000;

    /// <summary>The Lambda's YAML, its objects, Events and logs, and what the services say about it.</summary>
    public static async Task<string> OfAsync(TestCluster cluster, string ns, string name)
    {
        var selector = $"{Labels.Lambda}={name}";
        var text = new StringBuilder();
        await AddAsync(cluster, text, "-n", ns, "get", "lambda", name, "-o", "yaml");
        await AddAsync(cluster, text, "-n", ns, "get", "deployment,replicaset,pod,service,hpa", "-l", selector, "-o", "wide");
        await AddAsync(cluster, text, "-n", ns, "get", "events", "--sort-by=.lastTimestamp");
        await AddAsync(cluster, text, "-n", ns, "logs", "-l", selector, "--tail=20", "--prefix");
        await AddAsync(cluster, text, "-n", ns, "logs", "-l", $"app.kubernetes.io/component=watcher,app.kubernetes.io/instance={name}", "--tail=40", "--prefix");
        await AddAsync(cluster, text, "-n", BuildPods.Namespace, "get", "pod", "-l", $"{selector},{Labels.LambdaNamespace}={ns}", "-o", "wide");
        await AddAsync(cluster, text, "-n", BuildPods.Namespace, "logs", "-l", $"{selector},{Labels.LambdaNamespace}={ns}", "--all-containers", "--tail=20");
        await AddServicesAsync(cluster, text, line => line.Contains($"{ns}/{name}", StringComparison.Ordinal));
        return text.ToString();
    }

    /// <summary>The platform and all Lambdas at a glance.</summary>
    public static async Task<string> OfAllAsync(TestCluster cluster)
    {
        var text = new StringBuilder();
        await AddAsync(cluster, text, "get", "lambda", "-A", "-o", "wide");
        await AddAsync(cluster, text, "get", "namespaces");
        await AddAsync(cluster, text, "get", "pods", "-A", "-o", "wide");
        await AddServicesAsync(cluster, text, _ => true);
        return text.ToString();
    }

    private static async Task AddServicesAsync(TestCluster cluster, StringBuilder text, Func<string, bool> about)
    {
        foreach (var service in Installation.Services)
        {
            var log = await cluster.Kubectl.TryAsync("-n", Installation.Namespace, "logs", $"deployment/{service}", "--all-containers", "--tail=400");
            var lines = log.Everything.Split('\n').Where(about).TakeLast(15);
            text.AppendLine($"--- {service}").AppendLine(Tail(string.Join('\n', lines)));
        }
    }

    private static async Task AddAsync(TestCluster cluster, StringBuilder text, params string[] arguments)
    {
        var answer = await cluster.Kubectl.TryAsync(arguments);
        text.AppendLine($"--- kubectl {string.Join(' ', arguments)}").AppendLine(Tail(answer.Everything));
    }

    private static string Tail(string text) => text.Length <= Longest ? text : $"... {text[^Longest..]}";
}
