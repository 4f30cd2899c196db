using YamlDotNet.RepresentationModel;

namespace Kublambda.Contracts.Tests;

/// <summary>The schema in <c>deploy/crds/lambdas.yaml</c>, to be read by tests.</summary>
internal static class CrdSchema
{
    public static YamlMappingNode Root { get; } = Load();

    public static YamlMappingNode Properties(YamlMappingNode schema) => Map(schema, "properties");

    public static YamlMappingNode Map(YamlNode node, string key) => (YamlMappingNode)node[key];

    public static string? Text(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(key, out var value) ? ((YamlScalarNode)value).Value : null;

    public static IReadOnlyList<string> List(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(key, out var value)
            ? [.. ((YamlSequenceNode)value).Select(item => ((YamlScalarNode)item).Value!)]
            : [];

    /// <summary>Every schema below <paramref name="schema"/> with its path.</summary>
    public static IEnumerable<(string Path, YamlMappingNode Schema)> Walk(string path, YamlMappingNode schema)
    {
        yield return (path, schema);
        if (schema.Children.TryGetValue("properties", out var properties))
        {
            foreach (var (name, child) in ((YamlMappingNode)properties).Children)
            {
                foreach (var below in Walk($"{path}.{name}", (YamlMappingNode)child))
                    yield return below;
            }
        }

        if (schema.Children.TryGetValue("items", out var items))
        {
            foreach (var below in Walk($"{path}[]", (YamlMappingNode)items))
                yield return below;
        }
    }

    private static YamlMappingNode Load()
    {
        using var reader = File.OpenText(Path.Combine(AppContext.BaseDirectory, "lambdas.yaml"));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return Map(yaml.Documents[0].RootNode["spec"]["versions"][0]["schema"], "openAPIV3Schema");
    }
}
