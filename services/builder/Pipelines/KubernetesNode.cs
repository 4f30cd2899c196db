using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace Kublambda.Builder.Pipelines;

/// <summary>Reads a part of a pipeline file as a Kubernetes type, strictly: what the type does not know is an error.</summary>
internal static class KubernetesNode
{
    public static T Read<T>(PipelineNode node, IReadOnlyDictionary<string, string> values)
    {
        var json = node.ToJson((at, text) => Variables.ExpandParameters(at, text, values));
        T value;
        try
        {
            value = KubernetesJson.Deserialize<T>(json?.ToJsonString() ?? "null") ?? throw node.Error("must not be empty.");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or NotSupportedException)
        {
            var cause = e.InnerException?.Message ?? e.Message.Split(" Path:", StringSplitOptions.None)[0];
            throw node.At((e as JsonException)?.Path).Error($"does not fit: {cause}");
        }

        // The reader of Kubernetes types passes over fields that it does not know; what does not come back was not known.
        Compare(node, json, JsonNode.Parse(KubernetesJson.Serialize(value)));
        return value;
    }

    private static void Compare(PipelineNode node, JsonNode? given, JsonNode? known)
    {
        if (given is JsonObject fields)
        {
            foreach (var (name, value) in fields)
            {
                if (value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 })
                    continue;
                if (known is not JsonObject known1 || !known1.TryGetPropertyValue(name, out var match))
                    throw node.At(name).Error("Kubernetes has no such field here.");
                Compare(node.At(name), value, match);
            }
        }
        else if (given is JsonArray items && known is JsonArray others)
        {
            for (var i = 0; i < items.Count; i++)
                Compare(node.At($"[{i}]"), items[i], others.Count > i ? others[i] : null);
        }
    }
}
