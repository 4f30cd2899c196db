using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Builder.Logs;
using Kublambda.Contracts;
using Kublambda.Hosting.Logs;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>The build pods in the API server.</summary>
public sealed class BuildPods(IKubernetes client, IOptions<BuildOptions> options)
{
    private const int MaxLogBytes = 256 * 1024;
    private readonly string _namespace = options.Value.Namespace;

    /// <summary>Null where there is no such pod.</summary>
    public Task<V1Pod?> ReadAsync(string name, CancellationToken cancellationToken) =>
        OrNull(() => client.CoreV1.ReadNamespacedPodAsync(name, _namespace, cancellationToken: cancellationToken));

    /// <summary>All build pods, or those of one Lambda.</summary>
    public async Task<IReadOnlyList<V1Pod>> ListAsync(LambdaRef? lambda, CancellationToken cancellationToken)
    {
        var selector = lambda is null ? BuildPod.Selector : $"{BuildPod.Selector},{Labels.LambdaUid}={lambda.Uid}";
        return [.. (await client.CoreV1.ListNamespacedPodAsync(_namespace, labelSelector: selector, cancellationToken: cancellationToken)).Items];
    }

    /// <summary>Returns null where a pod of this name is there already.</summary>
    /// <exception cref="BuildPodRejectedException">Quota or admission refuse it.</exception>
    public async Task<V1Pod?> CreateAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CoreV1.CreateNamespacedPodAsync(pod, _namespace, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict)
        {
            return null;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.NotFound)
        {
            throw new BuildPodRejectedException(Words(e));
        }
    }

    /// <summary>Ends and removes exactly this pod, not one that took its name meanwhile. It being gone is fine.</summary>
    public Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken) => OrNull(() => client.CoreV1.DeleteNamespacedPodAsync(
        pod.Name(),
        _namespace,
        // Never 0: the pod's object would be gone at once, and its process would go on and push.
        new V1DeleteOptions { GracePeriodSeconds = 1, Preconditions = new V1Preconditions { Uid = pod.Uid() } },
        cancellationToken: cancellationToken));

    /// <summary>
    /// Changes a pod that is ending: the kubelet acts on a change at once, and looks again at a pod whose start was cut short by its
    /// deletion only after ten seconds and more.
    /// </summary>
    public Task NudgeAsync(V1Pod pod, DateTimeOffset now, CancellationToken cancellationToken) =>
        AnnotateAsync(pod, BuildPod.EndingAnnotation, $"{now:O}", cancellationToken);

    /// <summary>Sets an annotation of exactly this pod. It being gone is fine.</summary>
    public Task AnnotateAsync(V1Pod pod, string annotation, string value, CancellationToken cancellationToken) => OrNull(() => client.CoreV1.PatchNamespacedPodAsync(
        new V1Patch(new { metadata = new { uid = pod.Uid(), annotations = new Dictionary<string, string> { [annotation] = value } } }, V1Patch.PatchType.MergePatch),
        pod.Name(),
        _namespace,
        cancellationToken: cancellationToken));

    /// <summary>The end of a step's log; null where there is none (any more).</summary>
    public async Task<string?> LogAsync(V1Pod pod, string step, CancellationToken cancellationToken)
    {
        try
        {
            await using var log = await client.CoreV1.ReadNamespacedPodLogAsync(
                pod.Name(), _namespace, container: step, tailLines: Limits.LogTailLines, limitBytes: MaxLogBytes, cancellationToken: cancellationToken);
            using var reader = new StreamReader(log);
            return await reader.ReadToEndAsync(cancellationToken);
        }
        catch (HttpOperationException)
        {
            return null;
        }
    }

    /// <summary>The log of a step, the beginning and the end where it is longer than <paramref name="bytes"/>; null where there is none (any more).</summary>
    public async Task<string?> WholeLogAsync(V1Pod pod, string step, int bytes, CancellationToken cancellationToken)
    {
        try
        {
            await using var log = await client.CoreV1.ReadNamespacedPodLogAsync(pod.Name(), _namespace, container: step, cancellationToken: cancellationToken);
            return await BoundedLog.ReadAsync(log, bytes, cancellationToken);
        }
        catch (HttpOperationException)
        {
            return null;
        }
    }

    private static async Task<V1Pod?> OrNull(Func<Task<V1Pod>> call)
    {
        try
        {
            return await call();
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            return null;
        }
    }

    // The message of a metav1.Status, else the body.
    private static string Words(HttpOperationException e)
    {
        try
        {
            return KubernetesJson.Deserialize<V1Status>(e.Response.Content).Message ?? e.Message;
        }
        catch (System.Text.Json.JsonException)
        {
            return LogTail.Cut(e.Response.Content ?? e.Message, 500);
        }
    }
}

/// <summary>The API server refused a build pod; the message carries its words.</summary>
public sealed class BuildPodRejectedException(string message) : Exception(message);
