using Kublambda.Builder.Builds;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary><c>spec.source.image</c>: nothing is built, and a tag becomes a digest, so that all replicas run the same.</summary>
public sealed class ReadyImages(ILambdas lambdas, IRegistryClients registries, SourceHttp http, IOptions<RegistryOptions> options, IOptions<FetchOptions> fetch)
{
    /// <returns>The image by digest, under the name that the user gave.</returns>
    /// <exception cref="SourceNotFoundException">There is no such image.</exception>
    /// <exception cref="SourceRefusedException">It is no image's name, or its registry may not be reached.</exception>
    /// <exception cref="SourceUnavailableException">Its registry does not answer, or refuses.</exception>
    public async Task<ImageReference> ResolveAsync(Lambda lambda, CancellationToken cancellationToken)
    {
        var text = lambda.Spec.Source.Image!.Reference;
        if (!ImageReference.TryParse(text, out var image))
            throw new SourceRefusedException($"\"{SourcePath.Show(text)}\" in spec.source.image.reference is no image name such as ghcr.io/acme/resize:1.2.");
        // What a digest names is what it names; whether it is there the node finds out.
        if (image.Digest is not null)
            return image with { Tag = null };
        try
        {
            using var patience = new Patience(fetch.Value.IdleTimeout, cancellationToken);
            var found = await patience.OfAsync($"The registry of {image}", p => HeadAsync(lambda, image, p.Token))
                ?? throw new SourceNotFoundException($"There is no image {image}. Look at spec.source.image.reference; the function starts by itself when the image is pushed.");
            return image with { Tag = null, Digest = found.Digest };
        }
        catch (RegistryException e)
        {
            for (Exception? inner = e; inner is not null; inner = inner.InnerException)
            {
                if (inner is SourceRefusedException or SourceUnavailableException)
                    throw Again(inner);
            }

            throw e.Kind is RegistryErrorKind.Unauthorized or RegistryErrorKind.Forbidden
                ? new SourceUnavailableException(
                    $"The registry of {image} refuses: {e.Status}. Add a Secret of type kubernetes.io/dockerconfigjson with an entry for {image.Host} to the imagePullSecrets of the ServiceAccount \"{lambda.Spec.ServiceAccountName ?? "default"}\".",
                    Reasons.SourceUnauthorized)
                : new SourceUnavailableException($"The registry of {image} does not tell its digest: {e.InnerException?.Message ?? e.Message} It is asked again.");
        }
    }

    private async Task<Descriptor?> HeadAsync(Lambda lambda, ImageReference image, CancellationToken cancellationToken)
    {
        // The installation's own registry, by either of its names.
        if (image.Host == options.Value.PullHost || image.Host == options.Value.PushHost)
            return await registries.For(options.Value.PushHost).HeadManifestAsync(image.Repository, image.Tag ?? "latest", cancellationToken);
        var secrets = await lambdas.ReadPullSecretsAsync(lambda, cancellationToken);
        await http.CheckAsync(new Uri($"https://{image.Host}/"), cancellationToken);
        return await registries.HeadForeignAsync(image, secrets, http.Apply, cancellationToken);
    }

    private static Exception Again(Exception e) => e switch
    {
        SourceRefusedException refused => new SourceRefusedException(refused.Message, refused.Reason),
        SourceUnavailableException unavailable => new SourceUnavailableException(unavailable.Message, unavailable.Reason),
        _ => e,
    };
}
