using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Builds;

/// <summary>Reads Lambdas, and what their sources name.</summary>
public interface ILambdas
{
    /// <summary>The Lambda as it is now, where it may be built: it exists under this uid, is not terminating, and its newest generation is accepted.</summary>
    Task<Lambda?> ReadBuildableAsync(LambdaRef reference, CancellationToken cancellationToken);

    /// <summary>The ConfigMap that the source names; null where it names none, or there is none.</summary>
    Task<V1ConfigMap?> ReadSourceAsync(Lambda lambda, CancellationToken cancellationToken);

    /// <summary>A Secret of the Lambda's namespace; null where there is none.</summary>
    /// <exception cref="SourceUnavailableException">The builder may not read it.</exception>
    Task<V1Secret?> ReadSecretAsync(Lambda lambda, string name, CancellationToken cancellationToken);

    /// <summary>The <c>.dockerconfigjson</c> texts that the kubelet pulls the Lambda's image with: those of its ServiceAccount's <c>imagePullSecrets</c>.</summary>
    Task<IReadOnlyList<string>> ReadPullSecretsAsync(Lambda lambda, CancellationToken cancellationToken);
}

/// <inheritdoc/>
public sealed class Lambdas(IKubernetes client) : ILambdas
{
    public async Task<Lambda?> ReadBuildableAsync(LambdaRef reference, CancellationToken cancellationToken)
    {
        var lambda = await OrNull(() => client.CustomObjects.GetNamespacedCustomObjectAsync<Lambda>(
            Lambda.Group, Lambda.Version, reference.Namespace, Lambda.Plural, reference.Name, cancellationToken));
        return lambda is not null && lambda.Metadata.Uid == reference.Uid && lambda.Metadata.DeletionTimestamp is null && IsAccepted(lambda) ? lambda : null;
    }

    public async Task<V1ConfigMap?> ReadSourceAsync(Lambda lambda, CancellationToken cancellationToken) =>
        lambda.Spec.Source.Zip?.ConfigMap is { } key
            ? await OrNull(() => client.CoreV1.ReadNamespacedConfigMapAsync(key.Name, lambda.Metadata.NamespaceProperty, cancellationToken: cancellationToken))
            : null;

    public async Task<V1Secret?> ReadSecretAsync(Lambda lambda, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await OrNull(() => client.CoreV1.ReadNamespacedSecretAsync(name, lambda.Metadata.NamespaceProperty, cancellationToken: cancellationToken));
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Forbidden)
        {
            throw new SourceUnavailableException(
                $"The builder may not read the Secret \"{name}\": this installation allows it namespace by namespace. Allow it: kubectl -n {lambda.Metadata.NamespaceProperty} create rolebinding kublambda-source-secrets --clusterrole=kublambda-source-secrets --serviceaccount=kublambda-system:builder",
                Reasons.SourceUnauthorized);
        }
    }

    public async Task<IReadOnlyList<string>> ReadPullSecretsAsync(Lambda lambda, CancellationToken cancellationToken)
    {
        try
        {
            var account = await client.CoreV1.ReadNamespacedServiceAccountAsync(
                lambda.Spec.ServiceAccountName ?? "default", lambda.Metadata.NamespaceProperty, cancellationToken: cancellationToken);
            var configs = new List<string>();
            foreach (var named in account.ImagePullSecrets ?? [])
            {
                var secret = await ReadSecretAsync(lambda, named.Name, cancellationToken);
                if (secret?.Data?.TryGetValue(".dockerconfigjson", out var config) == true)
                    configs.Add(System.Text.Encoding.UTF8.GetString(config));
            }

            return configs;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            // Without the ServiceAccount no pod starts, and the deployer says so.
            return [];
        }
    }

    private static bool IsAccepted(Lambda lambda) => lambda.Status?.Conditions?.Any(c =>
        c.Type == ConditionTypes.Accepted && c.Status == ConditionStatus.True && c.ObservedGeneration == lambda.Metadata.Generation) == true;

    private static async Task<T?> OrNull<T>(Func<Task<T>> call)
        where T : class
    {
        try
        {
            return await call();
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (JsonException)
        {
            // Edited meanwhile into what is no Lambda: the controller says so, and nothing is built of it.
            return null;
        }
    }
}
