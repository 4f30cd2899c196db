using System.Runtime.InteropServices;
using System.Text.Json;
using Kublambda.Registry;

namespace Kublambda.Builder.Builds;

/// <summary>Images for many machines.</summary>
internal static class ImagePlatforms
{
    /// <summary>Of an index the image for this machine, as build pods beside the builder would take it; any other manifest as it is.</summary>
    /// <exception cref="JsonException">There is none for it.</exception>
    public static async Task<ManifestContent> OfThisMachineAsync(IRegistryClient registry, string repository, ManifestContent manifest, CancellationToken cancellationToken)
    {
        if (!MediaTypes.IsIndex(manifest.Descriptor.MediaType))
            return manifest;
        var architecture = RuntimeInformation.OSArchitecture switch { Architecture.X64 => "amd64", Architecture.Arm64 => "arm64", var other => $"{other}".ToLowerInvariant() };
        using var index = JsonDocument.Parse(manifest.Content);
        foreach (var member in index.RootElement.GetProperty("manifests").EnumerateArray())
        {
            if (member.TryGetProperty("platform", out var platform) && platform.GetProperty("os").GetString() == "linux" && platform.GetProperty("architecture").GetString() == architecture)
                return await registry.GetManifestAsync(repository, member.GetProperty("digest").GetString()!, cancellationToken) ?? throw new JsonException($"Its image for {architecture} is not there.");
        }

        throw new JsonException($"It has no image for linux/{architecture}.");
    }
}
