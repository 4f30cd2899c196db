using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>The images that functions are built on: the section <c>Runtimes</c>, by name of the runtime.</summary>
public sealed class RuntimeImages(IConfiguration configuration, IRegistryClients registries, IOptions<RegistryOptions> registry)
{
    /// <summary>The image of a runtime by digest, and whether it is read over plain http.</summary>
    /// <exception cref="RuntimeImageException">There is no setting for it, or no such image.</exception>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public async Task<(ImageReference Image, bool Insecure)> ResolveAsync(string runtime, CancellationToken cancellationToken)
    {
        var setting = configuration[$"Runtimes:{runtime}"];
        if (string.IsNullOrEmpty(setting))
            throw new RuntimeImageException($"This installation has no image for the runtime \"{runtime}\": the operator has to set Runtimes__{runtime}.");
        if (!ImageReference.TryParse(setting, out var image))
            throw new RuntimeImageException($"The setting Runtimes__{runtime} is no image name: \"{setting}\".");

        var insecure = registry.Value.Insecure && image.Host == registry.Value.PushHost;
        if (image.Digest is not null)
            return (image with { Tag = null }, insecure);
        var found = await registries.For(image.Host).HeadManifestAsync(image.Repository, image.Tag ?? "latest", cancellationToken)
            ?? throw new RuntimeImageException($"The image of the runtime \"{runtime}\", {image}, is not in its registry: the operator has to push it, or to set Runtimes__{runtime}.");
        return (image with { Tag = null, Digest = found.Digest }, insecure);
    }
}

/// <summary>The operator has to provide a runtime's image.</summary>
public sealed class RuntimeImageException(string message) : Exception(message);
