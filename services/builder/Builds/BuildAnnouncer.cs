using k8s.Models;
using Kublambda.Builder.Queueing;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting;
using Kublambda.Hosting.Logs;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>Says on the bus how a build stands.</summary>
public sealed partial class BuildAnnouncer(IFactPublisher publisher, IOptions<RegistryOptions> registry, IOptions<BuildOptions> options, ILogger<BuildAnnouncer> logger)
{
    /// <summary>What stands for the pipeline where nothing is built.</summary>
    public const string NoPipeline = "none";

    /// <param name="lambda">Whose.</param>
    /// <param name="job">What was built.</param>
    /// <param name="digest">The image.</param>
    /// <param name="pod">The build pod, where there is one.</param>
    /// <param name="took">From when to when it was built, where that was without a pod and just now.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task BuiltAsync(Lambda lambda, BuildJob job, string digest, V1Pod? pod, (DateTimeOffset From, DateTimeOffset To)? took, CancellationToken cancellationToken)
    {
        var image = $"{registry.Value.PullHost}/{Names.Repository(job.Lambda)}@{digest}";
        LogBuilt(image);
        await publisher.PublishAsync(
            new LambdaBuilt
            {
                Lambda = job.Lambda,
                Generation = lambda.Metadata.Generation ?? 0,
                Revision = job.Revision,
                Image = image,
                Pipeline = job.Pipeline.Name,
                Commit = job.Commit,
                Pod = pod is null ? null : BuildPod.FullName(pod),
                StartedAt = pod is null ? took?.From : BuildPodReport.StartedAt(pod),
                FinishedAt = pod is null ? took?.To : BuildPodReport.FinishedAt(pod),
                Steps = pod is null ? [] : BuildPodReport.StepsOf(pod),
            },
            cancellationToken);
    }

    /// <summary>A ready image is used as it is.</summary>
    public async Task ReadyAsync(Lambda lambda, string revision, string image, CancellationToken cancellationToken)
    {
        LogReady(image);
        await publisher.PublishAsync(
            new LambdaBuilt
            {
                Lambda = LambdaRef.Of(lambda),
                Generation = lambda.Metadata.Generation ?? 0,
                Revision = revision,
                Image = image,
                Pipeline = NoPipeline,
            },
            cancellationToken);
    }

    /// <summary>A build that needs no pod begins.</summary>
    public Task StartedAsync(Lambda lambda, BuildJob job, DateTimeOffset at, CancellationToken cancellationToken) => publisher.PublishAsync(
        new BuildStarted
        {
            Lambda = job.Lambda,
            Generation = lambda.Metadata.Generation ?? 0,
            Revision = job.Revision,
            Pipeline = job.Pipeline.Name,
            Commit = job.Commit,
            StartedAt = at,
        },
        cancellationToken);

    /// <summary>It waits for a place.</summary>
    public Task QueuedAsync(Lambda lambda, BuildJob job, QueueAnswer place, CancellationToken cancellationToken) => publisher.PublishAsync(
        new BuildQueued
        {
            Lambda = job.Lambda,
            Generation = lambda.Metadata.Generation ?? 0,
            Revision = job.Revision,
            Pipeline = job.Pipeline.Name,
            Commit = job.Commit,
            QueuedAt = place.Since,
            Place = place.Place,
            Waiting = place.Waiting,
        },
        cancellationToken);

    /// <summary>How far a build pod is that runs; all that there is to say stands on it.</summary>
    /// <param name="pod">One of a Lambda, as the builder made it.</param>
    /// <param name="generation">The generation that it builds by now.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task StartedAsync(V1Pod pod, long generation, CancellationToken cancellationToken) => publisher.PublishAsync(
        new BuildStarted
        {
            Lambda = BuildPod.LambdaOf(pod)!,
            Generation = generation,
            Revision = pod.GetLabel(Labels.Revision),
            Pipeline = pod.GetAnnotation(BuildPod.PipelineAnnotation),
            Commit = pod.GetAnnotation(BuildPod.CommitAnnotation),
            Pod = BuildPod.FullName(pod),
            StartedAt = BuildPodReport.StartedAt(pod) ?? DateTimeOffset.UnixEpoch,
            Step = BuildPodReport.Of(pod).Running,
            Steps = BuildPodReport.StepsOf(pod),
        },
        cancellationToken);

    /// <summary>A build pod failed, or is held up.</summary>
    public async Task FailedAsync(Lambda lambda, BuildJob job, V1Pod pod, BuildFault fault, bool final, CancellationToken cancellationToken)
    {
        var attempt = BuildPod.AttemptOf(pod);
        var round = $"The next try comes in {options.Value.KeepFailed.TotalMinutes:0} min, or at once when the Lambda changes or its annotation {Labels.Rebuild} gets a new value.\n";
        var more = final || BuildPod.IsActive(pod) ? ""
            : !BuildFault.PassesSoon(fault.Reason) ? round
            : attempt < RetryPolicy.Attempts ? $"Try {attempt} of {RetryPolicy.Attempts}; the next one comes by itself.\n"
            : $"Tried {attempt} times. {round}";
        LogFailed(fault.Reason, final, attempt);
        await publisher.PublishAsync(
            new BuildFailed
            {
                Lambda = job.Lambda,
                Generation = lambda.Metadata.Generation ?? 0,
                Revision = job.Revision,
                Pipeline = job.Pipeline.Name,
                Commit = job.Commit,
                Pod = BuildPod.FullName(pod),
                Reason = fault.Reason,
                Message = LogTail.Cut(more + fault.Message, Limits.MessageLength),
                Log = fault.Log,
                Final = final,
                StartedAt = BuildPodReport.StartedAt(pod),
                FinishedAt = BuildPodReport.FinishedAt(pod),
                Step = fault.Step,
                Steps = BuildPodReport.StepsOf(pod),
            },
            cancellationToken);
    }

    /// <summary>There is no build pod, and cannot be one for now.</summary>
    public async Task RefusedAsync(Lambda lambda, string reason, string message, bool final, CancellationToken cancellationToken)
    {
        var reference = LambdaRef.Of(lambda);
        using var scope = logger.BeginLambdaScope(reference);
        LogRefused(reason, message);
        await publisher.PublishAsync(
            new BuildFailed
            {
                Lambda = reference,
                Generation = lambda.Metadata.Generation ?? 0,
                Reason = reason,
                Message = LogTail.Cut(message, Limits.MessageLength),
                Final = final,
            },
            cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "Nothing to build: {Image} is used")]
    private partial void LogReady(string image);

    [LoggerMessage(LogLevel.Information, "Built {Image}")]
    private partial void LogBuilt(string image);

    [LoggerMessage(LogLevel.Warning, "Build failed: {Reason} (final: {Final}, try {Attempt})")]
    private partial void LogFailed(string reason, bool final, int attempt);

    [LoggerMessage(LogLevel.Warning, "Not built: {Reason}: {Message}")]
    private partial void LogRefused(string reason, string message);
}
