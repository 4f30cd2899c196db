using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kublambda.Cel.Tests;

public sealed class InputTests
{
    private const string Deployment = """
        {"kind": "Deployment", "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web"}, "creationTimestamp": "2026-11-24T20:00:00Z"},
         "spec": {"replicas": 3, "ratio": 0.5, "big": 18446744073709551615, "template": {"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b"}]}}}, "status": null}
        """;

    [Theory]
    [InlineData("object.kind == 'Deployment' && object.spec.replicas > 2")]
    [InlineData("object.metadata.labels['app.kubernetes.io/name'] == 'web'")]
    [InlineData("object.metadata.?annotations['x'].orValue('none') == 'none'")]
    [InlineData("object.spec.template.spec.containers.all(c, c.name in ['a', 'b'])")]
    [InlineData("object.spec.template.spec.containers.exists(c, has(c.image) && c.image.endsWith(':1'))")]
    [InlineData("!has(object.metadata.deletionTimestamp)")]
    [InlineData("has(object.status) && object.status == null")]
    [InlineData("timestamp(object.metadata.creationTimestamp) > timestamp('2026-01-01T00:00:00Z')")]
    [InlineData("object.spec.ratio == 0.5 && object.spec.big == 18446744073709551615u")]
    [InlineData("type(object.spec.replicas) == int && type(object.spec) == map && type(object.spec.template.spec.containers) == list")]
    [InlineData("object.metadata.labels.map(k, k) == ['app.kubernetes.io/name']")]
    [InlineData("object.spec.template.spec.containers.filter(c, !has(c.image)).map(c, c.name) == ['b']")]
    [InlineData("object == object && size(object) == 4")]
    public void Conditions_read_kubernetes_objects(string condition) => Assert.Equal(true, Cel.On(Deployment, condition).ToObject());

    [Fact]
    public void Plain_values_of_the_CLR_are_variables()
    {
        var variables = new Dictionary<string, object?>
        {
            ["text"] = "a",
            ["number"] = 7,
            ["unsigned"] = 7u,
            ["real"] = 1.5f,
            ["flag"] = true,
            ["nothing"] = null,
            ["bytes"] = new byte[] { 1, 2 },
            ["time"] = new DateTimeOffset(2026, 11, 24, 21, 0, 0, TimeSpan.FromHours(1)),
            ["span"] = TimeSpan.FromMinutes(5),
            ["list"] = new List<object?> { 1, "two", null },
            ["array"] = new[] { 1, 2 },
            ["set"] = new HashSet<string> { "x" },
            ["map"] = new Dictionary<string, object?> { ["k"] = new Dictionary<string, string> { ["deep"] = "yes" } },
            ["numbers"] = new Dictionary<int, string> { [1] = "one" },
            ["document"] = JsonDocument.Parse("""{"a": [1]}"""),
            ["cel"] = new CelInt(5),
        };
        var environment = CelEnvironment.Standard.WithVariables([.. variables.Keys]);
        string[] conditions =
        [
            "text == 'a' && number == 7 && unsigned == 7u && type(unsigned) == uint && real == 1.5 && flag && nothing == null",
            "bytes == b'\\x01\\x02' && time == timestamp('2026-11-24T20:00:00Z') && span == duration('5m')",
            "list == [1, 'two', null] && array.sum() == 3 && set == ['x']",
            "map.k.deep == 'yes' && numbers[1u] == 'one' && document.a[0] == 1 && cel == 5",
        ];

        foreach (var condition in conditions) Assert.True(CelProgram.Compile(condition, environment).EvaluateCondition(variables, TestContext.Current.CancellationToken), condition);
    }

    [Fact]
    public void A_type_without_counterpart_is_the_callers_mistake()
    {
        var program = CelProgram.Compile("object", Cel.Conditions);

        var problem = Assert.Throws<ArgumentException>(() => program.Evaluate(new Dictionary<string, object?> { ["object"] = new Uri("http://localhost") }, TestContext.Current.CancellationToken));

        Assert.Contains("System.Uri", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_become_plain_values()
    {
        var result = (Dictionary<object, object?>)Cel.Run("{'a': [1, 2u, 1.5, b'x', null, true], 'd': duration('1s'), 't': timestamp(0), 'o': optional.of(1), 'y': int}").ToObject()!;

        Assert.Equal(new object?[] { 1L, 2UL, 1.5, "x"u8.ToArray(), null, true }, (List<object?>)result["a"]!);
        Assert.Equal(TimeSpan.FromSeconds(1), result["d"]);
        Assert.Equal(DateTimeOffset.UnixEpoch, result["t"]);
        Assert.Equal(1L, result["o"]);
        Assert.Equal("int", result["y"]);
    }

    [Fact]
    public void A_variable_that_is_declared_but_not_bound_is_an_error_that_or_absorbs()
    {
        Assert.Equal("unknown name 'oldObject'", Assert.Throws<CelException>(() => Cel.On("{}", "oldObject.a == 1")).Reason);
        Assert.Equal(true, Cel.On("{}", "oldObject.a == 1 || true").ToObject());
    }

    [Fact]
    public void Nodes_of_the_json_object_model_are_not_taken_for_dictionaries_by_mistake()
    {
        var node = JsonNode.Parse("""{"a": {"b": 1}}""")!;
        var variables = new Dictionary<string, object?> { ["object"] = node };

        Assert.True(CelProgram.Compile("object.a.b == 1", Cel.Conditions).EvaluateCondition(variables, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Half_a_surrogate_pair_in_the_input_is_an_error_of_the_expression_that_reads_it()
    {
        Assert.Equal(1L, Cel.On("""{"bad": "\ud800", "good": 1}""", "object.good").ToObject());
        Assert.Equal(CelErrorKind.Evaluation, Assert.Throws<CelException>(() => Cel.On("""{"bad": "\ud800"}""", "object.bad == 'x'")).Kind);
    }

    [Fact]
    public void A_result_that_explodes_when_it_is_walked_is_not_converted()
    {
        var expression = "cel.bind(a, [1, 1], cel.bind(b, [a, a, a, a, a, a, a, a, a, a], cel.bind(c, [b, b, b, b, b, b, b, b, b, b], cel.bind(d, [c, c, c, c, c, c, c, c, c, c],"
            + " cel.bind(e, [d, d, d, d, d, d, d, d, d, d], cel.bind(f, [e, e, e, e, e, e, e, e, e, e], [f, f, f, f, f, f, f, f, f, f]))))))";

        var value = Cel.Run(expression);

        Assert.Equal(10, ((CelList)value).Count);
        Assert.Throws<InvalidOperationException>(() => value.ToObject());
        Assert.StartsWith("[[[[", value.ToString(), StringComparison.Ordinal);
    }
}
