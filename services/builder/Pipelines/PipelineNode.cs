using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kublambda.Builder.Pipelines;

/// <summary>A node of a pipeline file that knows where it stands, so that every complaint names file and line.</summary>
internal sealed class PipelineNode(string file, string path, YamlNode yaml)
{
    public PipelineFileException Error(string reason) => new(file, yaml.Start.Line, path.Length == 0 ? reason : $"{path}: {reason}");

    /// <summary>The text of a scalar.</summary>
    public string Text => yaml is YamlScalarNode scalar ? scalar.Value ?? "" : throw Error("must be one value.");

    /// <summary>A required, non-empty text.</summary>
    public string NonEmpty => Text is { Length: > 0 } text ? text : throw Error("must not be empty.");

    public bool Boolean => Text switch
    {
        "true" => true,
        "false" => false,
        var other => throw Error($"must be true or false, not \"{other}\"."),
    };

    public IEnumerable<PipelineNode> Items => yaml is YamlSequenceNode list
        ? list.Children.Select((item, index) => new PipelineNode(file, $"{path}[{index}]", item))
        : throw Error("must be a list.");

    /// <summary>The fields of a mapping, of which there may be no other than those allowed.</summary>
    public IReadOnlyDictionary<string, PipelineNode> Fields(params string[] allowed)
    {
        var fields = Children().ToDictionary(c => c.Name, c => c.Node, StringComparer.Ordinal);
        foreach (var (name, node) in fields)
        {
            if (!allowed.Contains(name))
                throw node.Error($"there is no such field. Allowed here: {string.Join(", ", allowed)}.");
        }

        return fields;
    }

    public PipelineNode Require(IReadOnlyDictionary<string, PipelineNode> fields, string name) =>
        fields.TryGetValue(name, out var node) ? node : throw Error($"the field \"{name}\" is missing.");

    /// <summary>The node as JSON, with every text passed through <paramref name="expand"/>.</summary>
    public JsonNode? ToJson(Func<PipelineNode, string, string> expand)
    {
        switch (yaml)
        {
            case YamlMappingNode:
                var map = new JsonObject();
                foreach (var (name, node) in Children())
                    map[name] = node.ToJson(expand);
                return map;
            case YamlSequenceNode:
                return new JsonArray([.. Items.Select(i => i.ToJson(expand))]);
            case YamlScalarNode scalar:
                var text = scalar.Value ?? "";
                return scalar.Style == ScalarStyle.Plain && !text.Contains("$(", StringComparison.Ordinal)
                    ? Plain(text)
                    : JsonValue.Create(expand(this, text));
            default:
                throw Error("aliases and tags are not allowed here.");
        }
    }

    /// <summary>The node below that a JSON path such as <c>$.securityContext.runAsUser</c> names, or the nearest one above it.</summary>
    public PipelineNode At(string? jsonPath)
    {
        var node = this;
        foreach (var step in (jsonPath ?? "").Split(['.', '[', ']', '$', '\''], StringSplitOptions.RemoveEmptyEntries))
        {
            var next = node.Child(step);
            if (next is null)
                break;
            node = next;
        }

        return node;
    }

    public PipelineNode? Child(string step) => yaml switch
    {
        YamlMappingNode => Children().FirstOrDefault(c => c.Name == step).Node,
        YamlSequenceNode => int.TryParse(step, CultureInfo.InvariantCulture, out var index) ? Items.ElementAtOrDefault(index) : null,
        _ => null,
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };

    private IEnumerable<(string Name, PipelineNode Node)> Children()
    {
        if (yaml is not YamlMappingNode map)
            throw Error("must be a mapping (name: value).");
        foreach (var (key, value) in map.Children)
        {
            if (key is not YamlScalarNode { Value: { Length: > 0 } name })
                throw Error("its keys must be plain words.");
            yield return (name, new PipelineNode(file, path.Length == 0 ? name : $"{path}.{name}", value));
        }
    }
}
