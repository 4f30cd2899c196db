using k8s;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Triggers;

/// <summary>Why the pod of a watcher does not run, where one is asked.</summary>
internal sealed class WatcherPods(IKubernetes client)
{
    public async Task<string?> TroubleAsync(LambdaRef lambda, V1Deployment deployment, CancellationToken cancellationToken)
    {
        if (deployment.Status?.Conditions?.FirstOrDefault(c => c is { Type: "ReplicaFailure", Status: "True" }) is { } failure)
            return $"{failure.Message}\nRemedy: make room for it in the namespace (quota, admission).";
        var pods = await client.CoreV1.ListNamespacedPodAsync(lambda.Namespace, labelSelector: $"{Labels.WatcherOf}={lambda.Uid}", cancellationToken: cancellationToken);
        return pods.Items.Where(pod => pod.Metadata.DeletionTimestamp is null).Select(Trouble).FirstOrDefault(words => words is not null);
    }

    /// <returns>Null for a pod that runs or is on its way.</returns>
    internal static string? Trouble(V1Pod pod)
    {
        if (pod.Status?.Conditions?.FirstOrDefault(c => c is { Type: "PodScheduled", Status: "False" }) is { } unscheduled)
            return $"no node takes its pod {pod.Metadata.Name}: {unscheduled.Message}";
        var container = pod.Status?.ContainerStatuses?.FirstOrDefault();
        if (container?.State?.Waiting is { } waiting && waiting.Reason is not ("ContainerCreating" or "PodInitializing" or "CrashLoopBackOff"))
            return $"{waiting.Reason}: {waiting.Message}";
        return (container?.State?.Terminated ?? container?.LastState?.Terminated) is { ExitCode: not 0 } ended
            ? $"its process in the pod {pod.Metadata.Name} ended with {(ended.Reason == "OOMKilled" ? "no memory left (Triggers__WatcherMemory)" : $"exit code {ended.ExitCode}")}"
                + $" and is started again. {Tail(ended.Message)}".TrimEnd()
            : null;
    }

    private static string Tail(string? log)
    {
        const int most = 1000;
        var text = log?.Trim() ?? "";
        return text.Length <= most ? text : $"... {text[^most..]}";
    }
}
