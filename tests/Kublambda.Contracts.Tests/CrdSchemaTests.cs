using System.Collections;
using System.Reflection;
using System.Text.Json;
using Kublambda.Contracts.Resources;
using YamlDotNet.RepresentationModel;

namespace Kublambda.Contracts.Tests;

/// <summary>The C# types and the CRD's schema have to say the same, and the schema has to teach and to bound.</summary>
public sealed class CrdSchemaTests
{
    [Fact]
    public void The_spec_has_the_same_fields_in_CSharp_and_in_the_schema() =>
        Assert.Empty(Differences("spec", typeof(LambdaSpec), Part("spec")));

    [Fact]
    public void The_status_has_the_same_fields_in_CSharp_and_in_the_schema() =>
        Assert.Empty(Differences("status", typeof(LambdaStatus), Part("status")));

    [Fact]
    public void A_field_that_is_missing_on_either_side_is_found()
    {
        Assert.NotEmpty(Differences("status", typeof(LambdaSpec), Part("status")));
        Assert.NotEmpty(Differences("spec", typeof(LambdaStatus), Part("spec")));
    }

    [Theory]
    [InlineData("spec.runtime", typeof(Runtimes))]
    [InlineData("spec.signature", typeof(Signatures))]
    [InlineData("spec.triggers[].http.exposure", typeof(Exposures))]
    [InlineData("status.conditions[].status", typeof(ConditionStatus))]
    public void An_enum_has_the_same_values_in_CSharp_and_in_the_schema(string path, Type constants)
    {
        var schema = All().Single(s => s.Path == path).Schema;
        var values = constants.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!);
        Assert.Equal(values.Order(StringComparer.Ordinal), CrdSchema.List(schema, "enum").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_field_is_described() =>
        Assert.Empty(All().Where(s => !s.Path.EndsWith("[]", StringComparison.Ordinal) && CrdSchema.Text(s.Schema, "description") is null).Select(s => s.Path));

    [Fact]
    public void Everything_a_user_writes_is_bounded()
    {
        Assert.Empty(CrdSchema.Walk("spec", Part("spec")).Where(s => !IsBounded(s.Schema)).Select(s => s.Path));
        Assert.False(IsBounded(new YamlMappingNode("type", "string")));
    }

    [Fact]
    public void The_length_of_a_name_is_the_one_that_derived_names_are_made_for()
    {
        var name = CrdSchema.Map(CrdSchema.Properties(CrdSchema.Map(CrdSchema.Properties(CrdSchema.Root), "metadata")), "name");
        Assert.Equal(Limits.NameLength, int.Parse(CrdSchema.Text(name, "maxLength")!, System.Globalization.CultureInfo.InvariantCulture));
    }

    private static YamlMappingNode Part(string name) => CrdSchema.Map(CrdSchema.Properties(CrdSchema.Root), name);

    private static IEnumerable<(string Path, YamlMappingNode Schema)> All() =>
        CrdSchema.Walk("spec", Part("spec")).Concat(CrdSchema.Walk("status", Part("status")));

    private static bool IsBounded(YamlMappingNode schema) => CrdSchema.Text(schema, "type") switch
    {
        "string" => CrdSchema.Text(schema, "maxLength") is not null || CrdSchema.List(schema, "enum").Count > 0
            || CrdSchema.Text(schema, "pattern")?.Contains("{64}", StringComparison.Ordinal) == true,
        "array" => CrdSchema.Text(schema, "maxItems") is not null,
        "integer" => CrdSchema.Text(schema, "minimum") is not null && CrdSchema.Text(schema, "maximum") is not null,
        "object" => schema.Children.ContainsKey("properties") || CrdSchema.Text(schema, "maxProperties") is not null,
        _ => true,
    };

    private static List<string> Differences(string path, Type type, YamlMappingNode schema)
    {
        var found = new List<string>();
        Compare(path, type, schema, found);
        return found;
    }

    private static void Compare(string path, Type type, YamlMappingNode schema, List<string> found)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var expected = SchemaType(type);
        if (CrdSchema.Text(schema, "type") != expected)
            found.Add($"{path}: C# has {expected}, the schema {CrdSchema.Text(schema, "type")}");
        else if (expected == "array")
            Compare($"{path}[]", type.GetGenericArguments()[0], CrdSchema.Map(schema, "items"), found);
        else if (expected == "object" && !IsMap(type))
            CompareProperties(path, type, schema, found);
    }

    private static void CompareProperties(string path, Type type, YamlMappingNode schema, List<string> found)
    {
        var inCode = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name), p => p.PropertyType, StringComparer.Ordinal);
        var inSchema = CrdSchema.Properties(schema).Children.ToDictionary(p => ((YamlScalarNode)p.Key).Value!, p => (YamlMappingNode)p.Value, StringComparer.Ordinal);
        found.AddRange(inCode.Keys.Except(inSchema.Keys).Select(name => $"{path}.{name}: only in C#"));
        found.AddRange(inSchema.Keys.Except(inCode.Keys).Select(name => $"{path}.{name}: only in the schema"));
        foreach (var name in inCode.Keys.Intersect(inSchema.Keys))
            Compare($"{path}.{name}", inCode[name], inSchema[name], found);
    }

    private static string SchemaType(Type type) =>
        type == typeof(string) || type == typeof(DateTimeOffset) ? "string"
        : type == typeof(bool) ? "boolean"
        : type == typeof(int) || type == typeof(long) ? "integer"
        : IsMap(type) || !typeof(IEnumerable).IsAssignableFrom(type) ? "object"
        : "array";

    private static bool IsMap(Type type) => type == typeof(IReadOnlyDictionary<string, string>);
}
