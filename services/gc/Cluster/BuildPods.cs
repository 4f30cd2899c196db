using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Cluster;

/// <summary>A build pod, and whose it is.</summary>
public sealed record BuildPod(string Name, string Uid, string LambdaUid);

/// <summary>Looks for build pods and ends them.</summary>
public sealed class BuildPods(IKubernetes kubernetes, IOptions<BuildOptions> options, TimeProvider time)
{
    /// <summary>
    /// Not 0: that removes the object at once, and the container goes on pushing for a while that nobody can see the end of.
    /// </summary>
    private const int GraceSeconds = 1;

    /// <summary>Only for what has ended already; see <see cref="HasEnded"/>.</summary>
    private const int NoGrace = 0;
    private const int PageSize = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Overdue = TimeSpan.FromSeconds(4);
    private readonly string _namespace = options.Value.Namespace;

    public async Task<bool> AnyAsync(string lambdaUid, CancellationToken cancellationToken) =>
        (await ListAsync($"{Labels.LambdaUid}={lambdaUid}", cancellationToken)).Count > 0;

    /// <summary>Revisions that build pods of a Lambda are there for, running or ended.</summary>
    public async Task<IReadOnlyList<string>> RevisionsAsync(string lambdaUid, CancellationToken cancellationToken) =>
        [.. (await ListAsync($"{Labels.LambdaUid}={lambdaUid}", cancellationToken)).Select(pod => pod.GetLabel(Labels.Revision)).OfType<string>()];

    /// <summary>All build pods of all Lambdas.</summary>
    public async Task<IReadOnlyList<BuildPod>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await ListAsync(Labels.ManagedSelector, cancellationToken)).Select(pod => new BuildPod(pod.Metadata.Name, pod.Metadata.Uid, pod.Metadata.Labels[Labels.LambdaUid]))];

    /// <summary>Ends all builds of a Lambda, and waits a moment for them to be gone.</summary>
    /// <exception cref="CleanupWaitingException">They are not gone yet.</exception>
    public async Task EndAsync(string lambdaUid, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var pods = await ListAsync($"{Labels.LambdaUid}={lambdaUid}", cancellationToken);
            if (pods.Count == 0)
                return;
            foreach (var pod in pods)
            {
                var known = new BuildPod(pod.Metadata.Name, pod.Metadata.Uid, lambdaUid);
                if (pod.Metadata.DeletionTimestamp is null)
                    await DeleteAsync(known, GraceSeconds, cancellationToken);
                else if (HasEnded(pod, time.GetUtcNow()))
                    await DeleteAsync(known, NoGrace, cancellationToken);
            }
            if (time.GetElapsedTime(started) > Patience)
                throw new CleanupWaitingException(Reasons.BuildsEnding, Words(pods));
            await Task.Delay(Poll, time, cancellationToken);
        }
    }

    /// <summary>Ends one build pod; one that is gone, or was replaced by another of its name, is left alone.</summary>
    public Task DeleteAsync(BuildPod pod, CancellationToken cancellationToken) => DeleteAsync(pod, GraceSeconds, cancellationToken);

    /// <summary>
    /// Whether all that is left of a pod is its object. A kubelet that was just making the pod's sandbox when the pod was
    /// deleted lets the object go only at its next collection of garbage, up to a minute later. Its node has to have
    /// spoken of every container, the time to end has to be well over, and nothing may run.
    /// </summary>
    internal static bool HasEnded(V1Pod pod, DateTimeOffset now)
    {
        var containers = (pod.Spec?.Containers?.Count ?? 0) + (pod.Spec?.InitContainers?.Count ?? 0);
        var statuses = (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []).ToList();
        return pod.Metadata.DeletionTimestamp is { } due && now - due.ToUniversalTime() > Overdue
            && statuses.Count == containers && statuses.TrueForAll(status => status.State?.Running is null);
    }

    private async Task DeleteAsync(BuildPod pod, int grace, CancellationToken cancellationToken)
    {
        try
        {
            await kubernetes.CoreV1.DeleteNamespacedPodAsync(
                pod.Name, _namespace,
                new V1DeleteOptions { GracePeriodSeconds = grace, Preconditions = new V1Preconditions { Uid = pod.Uid } },
                cancellationToken: cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // Gone, or another pod: the next look tells.
        }
    }

    private string Words(List<V1Pod> pods)
    {
        var names = string.Join(", ", pods.Take(3).Select(pod => $"{_namespace}/{pod.Metadata.Name}"));
        return $"Waiting for build pods to end: {names}. If this lasts, look at the node they run on ({pods[0].Spec?.NodeName ?? "none yet"}).";
    }

    private async Task<List<V1Pod>> ListAsync(string selector, CancellationToken cancellationToken)
    {
        var all = new List<V1Pod>();
        string? next = null;
        do
        {
            var page = await kubernetes.CoreV1.ListNamespacedPodAsync(
                _namespace, labelSelector: selector, limit: PageSize, continueParameter: next, cancellationToken: cancellationToken);
            all.AddRange(page.Items);
            next = page.Metadata?.ContinueProperty;
        }
        while (!string.IsNullOrEmpty(next));
        return all;
    }
}
