using System.Text.Json;
using Kublambda.Registry;

namespace Kublambda.Gc.Cleaning;

/// <summary>What is read of the config of an image.</summary>
internal sealed record ImageConfig(IReadOnlyDictionary<string, string> Labels, DateTimeOffset? Created)
{
    private const string LabelsKey = "Labels";
    private const int MaxBytes = 1024 * 1024;
    private static readonly ImageConfig None = new(new Dictionary<string, string>(), null);

    /// <exception cref="JsonException">It is no config, or larger than 1 MiB.</exception>
    public static async Task<ImageConfig> ReadAsync(
        IRegistryClient registry, string repository, Descriptor config, CancellationToken cancellationToken)
    {
        if (config.MediaType is not (MediaTypes.OciConfig or MediaTypes.DockerConfig))
            return None;
        await using var stream = await registry.OpenBlobAsync(repository, config.Digest, cancellationToken);
        var bytes = new byte[MaxBytes];
        var count = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        using var json = JsonDocument.Parse(bytes.AsMemory(0, count));
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            return None;
        DateTimeOffset? created = root.TryGetProperty("created", out var text) && text.ValueKind == JsonValueKind.String && text.TryGetDateTimeOffset(out var at) ? at : null;
        return new ImageConfig(LabelsOf(root), created);
    }

    private static Dictionary<string, string> LabelsOf(JsonElement root) =>
        root.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object
        && config.TryGetProperty(LabelsKey, out var labels) && labels.ValueKind == JsonValueKind.Object
            ? labels.EnumerateObject().Where(l => l.Value.ValueKind == JsonValueKind.String).ToDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal)
            : [];
}
