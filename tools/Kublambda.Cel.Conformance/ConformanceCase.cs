using System.Text.Json;

namespace Kublambda.Cel.Conformance;

/// <summary>
/// One case: an expression, variables, and the value it must give, or that it must fail. The files are JSON arrays of objects with the members
/// <c>file</c>, <c>section</c>, <c>name</c>, <c>expr</c>, <c>bindings</c>, <c>container</c>, and <c>value</c> or <c>error</c>.
/// </summary>
public sealed record ConformanceCase(string File, string Section, string Name, string Expression, string Container, JsonElement Bindings, JsonElement? Value)
{
    public static IReadOnlyList<ConformanceCase> Load(string path)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 512 });
        return [.. document.RootElement.EnumerateArray().Select(json => Read(json.Clone()))];
    }

    private static ConformanceCase Read(JsonElement json) => new(
        Text(json, "file"),
        Text(json, "section"),
        Text(json, "name"),
        Text(json, "expr"),
        Text(json, "container"),
        json.TryGetProperty("bindings", out var bindings) ? bindings : default,
        json.TryGetProperty("value", out var value) ? value : null);

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
