using System.Text;
using System.Text.Json;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Kubernetes;
using Kublambda.Registry;

namespace Kublambda.Builder.Logs;

/// <summary>
/// Keeps the log of every build beside its image, as an OCI artifact with the tag <see cref="Names.LogTag"/>, and reads it back.
/// It goes with the revision, or with the Lambda.
/// </summary>
public sealed partial class BuildLogs(IRegistryClient registry, BuildPods pods, ILambdas lambdas, ClusterIdentity cluster, ILogger<BuildLogs> logger)
{
    /// <summary>Annotation on a build pod that ended: its log is in the registry.</summary>
    public const string StoredAnnotation = "kublambda.dev/log-stored";

    private static readonly TimeSpan CalledOffPatience = TimeSpan.FromSeconds(5);
    private readonly ILogger _logger = logger;

    public static bool IsStored(V1Pod pod) => pod.GetAnnotation(StoredAnnotation) is not null;

    /// <summary>Stores what a build that is called off has said so far; to be called before its pod goes. Bounded in time: the newer build waits for it.</summary>
    public async Task StoreCalledOffAsync(V1Pod pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (IsStored(pod) || BuildPodReport.StepsOf(pod).Count == 0 || BuildPod.LambdaOf(pod) is not { } lambda || pod.GetLabel(Labels.Revision) is not { } revision)
            return;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(CalledOffPatience);
        try
        {
            await StoreAsync(lambda, revision, BuildPodReport.Of(pod).Reason ?? "CalledOff", await TextAsync(pod, now, end.Token), end.Token);
        }
        catch (Exception e) when (e is RegistryException or HttpRequestException or IOException or k8s.Autorest.HttpOperationException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNotStored(pod.Name(), e.Message);
        }
    }

    /// <summary>Stores the log of a pod that ended, once. A fault is logged and the next look tries again: the log is worth less than the build.</summary>
    /// <returns>False: it is still to be done.</returns>
    public async Task<bool> StoreAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (IsStored(pod) || pod.Metadata.DeletionTimestamp is not null || BuildPod.LambdaOf(pod) is not { } lambda || pod.GetLabel(Labels.Revision) is not { } revision)
            return true;
        try
        {
            var report = BuildPodReport.Of(pod);
            if (!await StoreAsync(lambda, revision, report.Reason ?? Reasons.BuildSucceeded, await TextAsync(pod, null, cancellationToken), cancellationToken))
                return false;
            await pods.AnnotateAsync(pod, StoredAnnotation, Names.LogTag(revision), cancellationToken);
            return true;
        }
        catch (Exception e) when (e is RegistryException or HttpRequestException or IOException or k8s.Autorest.HttpOperationException)
        {
            LogNotStored(pod.Name(), e.Message);
            return false;
        }
    }

    /// <summary>Stores the log of a build that had no pod and ended well. A fault is logged, and that is all.</summary>
    public async Task StoreAsync(BuildJob job, string text, CancellationToken cancellationToken)
    {
        try
        {
            await StoreAsync(job.Lambda, job.Revision, Reasons.BuildSucceeded, text, cancellationToken);
        }
        catch (RegistryException e)
        {
            LogNotStored(job.Image, e.Message);
        }
    }

    // False: the Lambda is not (any more) one that may be built, and its repository is left alone.
    private async Task<bool> StoreAsync(LambdaRef lambda, string revision, string reason, string text, CancellationToken cancellationToken)
    {
        if (await lambdas.ReadBuildableAsync(lambda, cancellationToken) is null)
            return false;
        var repository = Names.Repository(lambda);
        var config = JsonSerializer.SerializeToUtf8Bytes(new { reason });
        var layer = Encoding.UTF8.GetBytes(text);
        await PushAsync(config);
        await PushAsync(layer);
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor(OciAnnotations.LogConfigMediaType, Digest.Of(config), config.Length),
            Layers = [new Descriptor(OciAnnotations.LogLayerMediaType, Digest.Of(layer), layer.Length)],
            Annotations = new Dictionary<string, string>
            {
                [OciAnnotations.Cluster] = await cluster.ReadAsync(cancellationToken),
                [OciAnnotations.Lambda] = lambda.ToString(),
                [OciAnnotations.LambdaUid] = lambda.Uid,
                [OciAnnotations.Revision] = revision,
            },
        };
        var pushed = await registry.PutManifestAsync(repository, Names.LogTag(revision), MediaTypes.OciManifest, manifest.ToBytes(), cancellationToken);
        // Deleted meanwhile: its clean-up may have looked before.
        if (await lambdas.ReadBuildableAsync(lambda, cancellationToken) is null)
            await registry.DeleteManifestAsync(repository, pushed.Digest, cancellationToken);
        return true;

        Task PushAsync(byte[] content) => registry.PushBlobAsync(repository, Digest.Of(content), content.Length, () => new MemoryStream(content, writable: false), cancellationToken);
    }

    /// <summary>The log of a build: of its pod, while that is there, else the one that is kept. Null: there is none.</summary>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public async Task<string?> ReadAsync(LambdaRef lambda, string revision, CancellationToken cancellationToken)
    {
        var pod = await pods.ReadAsync(Names.BuildPod(lambda, revision), cancellationToken);
        if (pod is not null && BuildPod.LambdaOf(pod) == lambda)
            return await TextAsync(pod, null, cancellationToken);

        var repository = Names.Repository(lambda);
        var manifest = (await registry.GetManifestAsync(repository, Names.LogTag(revision), cancellationToken))?.Parse();
        if (manifest?.Annotations?.GetValueOrDefault(OciAnnotations.LambdaUid) != lambda.Uid || manifest.Layers is not [{ MediaType: OciAnnotations.LogLayerMediaType } layer])
            return null;
        await using var blob = await registry.OpenBlobAsync(repository, layer.Digest, cancellationToken);
        return await BoundedLog.ReadAsync(blob, 2 * Limits.BuildLogBytes, cancellationToken);
    }

    private async Task<string> TextAsync(V1Pod pod, DateTimeOffset? calledOff, CancellationToken cancellationToken)
    {
        var steps = BuildPodReport.StepsOf(pod).Select(s => s.Name).ToList();
        var logs = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var step in steps)
            logs[step] = await pods.WholeLogAsync(pod, step, Limits.BuildLogBytes / steps.Count, cancellationToken);
        return BuildLogText.Of(pod, logs, calledOff);
    }

    [LoggerMessage(LogLevel.Warning, "The log of {Build} could not be stored yet: {Error}")]
    private partial void LogNotStored(string build, string error);
}
