using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Gc.Cluster;
using Kublambda.Registry;

namespace Kublambda.Gc.Retention;

/// <summary>Reads from the API server, never from a cache, which revisions of a Lambda may be pulled again.</summary>
public sealed class UsageReader(IKubernetes kubernetes, BuildPods builds)
{
    /// <exception cref="k8s.Autorest.HttpOperationException">The API server refuses: nobody may conclude anything from that.</exception>
    public async Task<RevisionsInUse> ReadAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var selector = $"{Labels.LambdaUid}={lambda.Uid}";
        var status = (await kubernetes.CustomObjects.GetNamespacedCustomObjectAsync<StatusOnly>(
            Lambda.Group, Lambda.Version, lambda.Namespace, Lambda.Plural, lambda.Name, cancellationToken)).Status;
        var replicaSets = await kubernetes.AppsV1.ListNamespacedReplicaSetAsync(lambda.Namespace, labelSelector: selector, cancellationToken: cancellationToken);
        var deployments = await kubernetes.AppsV1.ListNamespacedDeploymentAsync(lambda.Namespace, labelSelector: selector, cancellationToken: cancellationToken);
        var building = await builds.RevisionsAsync(lambda.Uid, cancellationToken);

        var templates = replicaSets.Items.Select(set => set.Spec.Template).Concat(deployments.Items.Select(deployment => deployment.Spec.Template));
        var images = templates.SelectMany(ImagesOf).Append(status?.Image);
        string?[] revisions = [status?.Revision, status?.Build?.Revision, .. building];
        return new RevisionsInUse(
            revisions.OfType<string>().ToHashSet(StringComparer.Ordinal),
            images.Select(image => ImageReference.TryParse(image, out var reference) ? reference.Digest : null).OfType<string>().ToHashSet(StringComparer.Ordinal));
    }

    private static IEnumerable<string?> ImagesOf(V1PodTemplateSpec template) =>
        (template.Spec?.Containers ?? []).Concat(template.Spec?.InitContainers ?? []).Select(container => container.Image);

    private sealed record StatusOnly
    {
        public UsedStatus? Status { get; set; }
    }

    private sealed record UsedStatus
    {
        public string? Revision { get; set; }
        public string? Image { get; set; }
        public UsedBuild? Build { get; set; }
    }

    private sealed record UsedBuild
    {
        public string? Revision { get; set; }
    }
}
