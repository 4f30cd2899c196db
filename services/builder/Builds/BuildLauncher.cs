using k8s.Models;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Logs;
using Kublambda.Builder.Queueing;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>Starts build pods where there is a place for them, and ends those that nobody waits for any more.</summary>
public sealed partial class BuildLauncher(
    ILambdas lambdas, IRegistryClient registry, BuildPods pods, BuildSlots slots, BuildLogs logs, ImageAppender appender, IOptions<BuildOptions> options, IOptions<RegistryOptions> registryOptions,
    TimeProvider time, ILogger<BuildLauncher> logger)
{
    /// <returns>The pod, or the place in the queue where all places are taken; neither where the Lambda changed or went meanwhile.</returns>
    /// <exception cref="RegistryException">The bundle could not be pushed.</exception>
    /// <exception cref="BuildPodRejectedException">Quota or admission refuse the pod.</exception>
    public async Task<Launch> LaunchAsync(BuildJob job, Bundle bundle, CancellationToken cancellationToken)
    {
        await CancelOthersAsync(job.Lambda, job.Generation, job.Revision, cancellationToken);
        await using var place = await slots.TakeAsync(job.Lambda, job.PodName, cancellationToken);
        if (!place.Granted)
        {
            LogWaiting(place.Answer.Place, place.Answer.Waiting);
            return new Launch(null, place.Answer);
        }

        var source = await SourceArtifact.PushAsync(registry, job, bundle, time.GetUtcNow(), cancellationToken);
        if (!await StillWantedAsync(job, cancellationToken))
        {
            LogUnwanted(job.PodName);
            if (await lambdas.ReadBuildableAsync(job.Lambda, cancellationToken) is null)
                await registry.DeleteManifestAsync(Names.Repository(job.Lambda), source.Digest, cancellationToken);
            return Launch.Unwanted;
        }

        var ready = job with { Bundle = $"{registryOptions.Value.PushHost}/{Names.Repository(job.Lambda)}@{source.Digest}" };
        var pod = await pods.CreateAsync(BuildPod.Render(ready, options.Value), cancellationToken);
        if (pod is null)
            return new Launch(await pods.ReadAsync(job.PodName, cancellationToken), null);

        // Whoever deletes or changes the Lambda from here on finds the pod; whoever did so before is found now.
        if (!await StillWantedAsync(job, cancellationToken))
        {
            LogUnwanted(job.PodName);
            await pods.DeleteAsync(pod, cancellationToken);
            return Launch.Unwanted;
        }

        LogStarted(pod.Name(), job.Attempt);
        return new Launch(pod, null);
    }

    /// <summary>Makes the image here and now, without a pod.</summary>
    /// <returns>The image; null where the Lambda changed or went meanwhile.</returns>
    /// <exception cref="RegistryException">A registry does not answer, or refuses.</exception>
    public async Task<Descriptor?> AppendAsync(BuildJob job, Bundle bundle, NewLayer? dependencies, CancellationToken cancellationToken)
    {
        await slots.ForgetAsync(job.Lambda, cancellationToken);
        await CancelOthersAsync(job.Lambda, job.Generation, job.Revision, cancellationToken);
        var pushing = SourceArtifact.PushAsync(registry, job, bundle, time.GetUtcNow(), cancellationToken);
        var appending = appender.AppendAsync(job, bundle, dependencies, cancellationToken);
        await Task.WhenAll(pushing, appending);
        var (source, image) = (await pushing, await appending);
        if (await StillWantedAsync(job, cancellationToken))
            return image;

        LogUnwanted(job.Image);
        // Deleted before the image was there: its clean-up may be over.
        if (await lambdas.ReadBuildableAsync(job.Lambda, cancellationToken) is null)
        {
            await registry.DeleteManifestAsync(Names.Repository(job.Lambda), image.Digest, cancellationToken);
            await registry.DeleteManifestAsync(Names.Repository(job.Lambda), source.Digest, cancellationToken);
        }

        return null;
    }

    /// <summary>Ends builds of the Lambda that this one supersedes: of other revisions, unless started for a newer generation.</summary>
    public async Task CancelOthersAsync(LambdaRef lambda, long generation, string revision, CancellationToken cancellationToken)
    {
        foreach (var pod in await pods.ListAsync(lambda, cancellationToken))
        {
            if (pod.GetLabel(Labels.Revision) == revision || BuildPod.GenerationOf(pod) > generation || pod.Metadata.DeletionTimestamp is not null)
                continue;
            LogSuperseded(pod.Name());
            await logs.StoreCalledOffAsync(pod, time.GetUtcNow(), cancellationToken);
            await pods.DeleteAsync(pod, cancellationToken);
        }
    }

    /// <summary>Ends all builds of a Lambda that is being deleted.</summary>
    public async Task CancelAllAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        await slots.ForgetAsync(lambda, cancellationToken);
        foreach (var pod in await pods.ListAsync(lambda, cancellationToken))
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                await pods.NudgeAsync(pod, time.GetUtcNow(), cancellationToken);
                continue;
            }

            LogSuperseded(pod.Name());
            await pods.DeleteAsync(pod, cancellationToken);
        }
    }

    /// <summary>The Lambda no longer waits for a place.</summary>
    public Task ForgetAsync(LambdaRef lambda, CancellationToken cancellationToken) => slots.ForgetAsync(lambda, cancellationToken);

    private async Task<bool> StillWantedAsync(BuildJob job, CancellationToken cancellationToken) =>
        (await lambdas.ReadBuildableAsync(job.Lambda, cancellationToken))?.Metadata.Generation == job.Generation;

    [LoggerMessage(LogLevel.Information, "All places for builds are taken: place {Place} of {Waiting} in the queue")]
    private partial void LogWaiting(int place, int waiting);

    [LoggerMessage(LogLevel.Information, "The Lambda changed or went meanwhile: {Build} is not wanted any more")]
    private partial void LogUnwanted(string build);

    [LoggerMessage(LogLevel.Information, "Build pod {Pod} created, try {Attempt}")]
    private partial void LogStarted(string pod, int attempt);

    [LoggerMessage(LogLevel.Information, "Build pod {Pod} is superseded and ended")]
    private partial void LogSuperseded(string pod);
}

/// <summary>What came of the attempt to start a build.</summary>
/// <param name="Pod">Its pod.</param>
/// <param name="Queued">Its place in the queue, where it has to wait.</param>
public sealed record Launch(V1Pod? Pod, QueueAnswer? Queued)
{
    /// <summary>The Lambda changed or went meanwhile.</summary>
    public static Launch Unwanted { get; } = new(null, null);
}
