using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Kublambda.Builder.Pipelines;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>Reads what builder images of Cloud Native Buildpacks say of themselves, and remembers it for a while.</summary>
public sealed class BuilderImages(IRegistryClients registries, IOptions<BuildOptions> options, TimeProvider time)
{
    private const int ConfigBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, (BuilderImage Image, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <param name="pipeline">Whose parameters <c>user-id</c>, <c>group-id</c> and <c>platform-api</c>, where all are set, spare the reading.</param>
    /// <param name="builder">The image, still with its <c>$(images...)</c>.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="RuntimeImageException">There is no such image, or it is no builder.</exception>
    /// <exception cref="RegistryException">Its registry does not answer, or refuses.</exception>
    public async Task<BuilderImage> ReadAsync(Pipeline pipeline, string builder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        var name = Variables.Expand(builder, options.Value.Images.ToDictionary(i => $"{Variables.Images}.{i.Key}", i => i.Value, StringComparer.Ordinal));
        if (Stated(pipeline, name) is { } stated)
            return stated;
        if (_known.TryGetValue(name, out var known) && known.Until > time.GetUtcNow())
            return known.Image;
        if (!ImageReference.TryParse(name, out var reference))
            throw new RuntimeImageException($"\"{name}\", the builder of the pipeline \"{pipeline.Name}\", is no image name.");
        try
        {
            var image = await ReadAsync(reference, cancellationToken);
            _known[name] = (image, time.GetUtcNow() + Remembered);
            return image;
        }
        catch (JsonException e)
        {
            throw new RuntimeImageException($"The image {reference} is no builder of Cloud Native Buildpacks: {e.Message} The operator has to set another one.");
        }
    }

    private static BuilderImage? Stated(Pipeline pipeline, string name)
    {
        string? Of(string parameter) => pipeline.Parameters.FirstOrDefault(p => p.Name == parameter)?.Value is { Length: > 0 } value ? value : null;
        return long.TryParse(Of("user-id"), NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            && long.TryParse(Of("group-id"), NumberStyles.None, CultureInfo.InvariantCulture, out var group)
            && Of("platform-api") is { } api
                ? new BuilderImage(name, user, group, api)
                : null;
    }

    private async Task<BuilderImage> ReadAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var registry = registries.For(reference.Host);
        var manifest = await registry.GetManifestAsync(reference.Repository, reference.Digest ?? reference.Tag ?? "latest", cancellationToken)
            ?? throw new RuntimeImageException($"The builder image {reference} is not in its registry: the operator has to set another one.");
        var image = await ImagePlatforms.OfThisMachineAsync(registry, reference.Repository, manifest, cancellationToken);
        var config = image.Parse().Config ?? throw new JsonException("It has no config.");
        if (config.Size > ConfigBytes)
            throw new JsonException("Its config is too large.");
        await using var stream = await registry.OpenBlobAsync(reference.Repository, config.Digest, cancellationToken);
        using var json = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
        return BuilderImageConfig.Read(manifest.Descriptor.Digest, json.RootElement);
    }
}
