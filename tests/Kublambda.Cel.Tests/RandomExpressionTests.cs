using System.Diagnostics;
using System.Text.Json;

namespace Kublambda.Cel.Tests;

/// <summary>What holds for every expression, tried with many.</summary>
public sealed class RandomExpressionTests
{
    private const int Expressions = 6_000;

    private static readonly CelEnvironment Environment = CelEnvironment.Standard.WithVariables("object", "text", "unbound").WithLimits(CelLimits.Default with { MaxCost = 20_000 });

    private static readonly Dictionary<string, object?> Variables = new()
    {
        ["object"] = JsonSerializer.Deserialize<JsonElement>("""{"a": 1, "spec": {"a": [1, 2.5, "x"], "b": {}}, "items": [{"a": "x"}, {"a": null}, {}], "nothing": null, "half": "\ud800"}"""),
        ["text"] = "x,y;é😀",
    };

    /// <summary>Nothing but a <see cref="CelException"/> leaves, and the check changes no result: what it lets through gives the same value or error as without it.</summary>
    [Fact]
    public void An_expression_gives_a_value_or_a_CelException_and_the_same_with_and_without_the_check()
    {
        var expressions = new RandomExpressions(int.Parse(System.Environment.GetEnvironmentVariable("CEL_SEED") ?? "1", null));
        var (values, refused) = (0, 0);
        for (var i = 0; i < Expressions; i++)
        {
            var text = expressions.Next();
            var clock = Stopwatch.StartNew();
            var plain = Outcome(text, () => CelProgram.CompileUnchecked(text, Environment));
            var isChecked = Outcome(text, () => CelProgram.Compile(text, Environment));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}: {text}");
            if (!plain.Failed) values++;
            if (isChecked.Refused) refused++;
            Assert.True(isChecked.Refused || isChecked == plain, $"{text}: {plain} without the check, {isChecked} with it");
        }

        // Enough of each kind, or the test would show nothing.
        Assert.True(values > 1_000 && refused > 300, $"{values} values, {refused} refused");
    }

    [Fact]
    public void Operators_agree_with_each_other()
    {
        string[] values =
        [
            "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9007199254740993", "0u", "1u", "18446744073709551615u", "9223372036854775808u", "0.0", "-0.0", "1.0", "-0.5", "1e19", "9223372036854775808.0", "-1e300",
            "''", "'a'", "'b'", "'ab'", "'\\uFFFD'", "'\\U0001F600'", "b''", "b'a'", "b'\\xff'", "true", "false", "null", "timestamp(0)", "timestamp(1)", "duration('0')", "duration('-1s')", "[]", "[1]", "[1.0, 'a']", "{}", "{1: 2}", "{1u: 2.0}", "int", "optional.none()", "optional.of(1)",
        ];
        string[] laws =
        [
            "a != b", "!(a == b)",
            "a == b", "b == a",
            "a < b", "b > a",
            "a <= b", "!(a > b)",
            "a <= b", "a < b || (a <= b && a == b)",
            "a >= b", "!(a < b)",
            "[a] == [b]", "a == b",
            "{'k': a} == {'k': b}", "a == b",
            "a in [b]", "a == b",
            "optional.of(a) == optional.of(b)", "a == b",
        ];
        var programs = laws.Select(law => CelProgram.Compile(law, CelEnvironment.Standard.WithVariables("a", "b"))).ToList();
        foreach (var first in values)
        {
            foreach (var second in values)
            {
                var variables = new Dictionary<string, object?> { ["a"] = Cel.Run(first), ["b"] = Cel.Run(second) };
                for (var i = 0; i < laws.Length; i += 2) Assert.True(Result(programs[i], variables) == Result(programs[i + 1], variables), $"{laws[i]} and {laws[i + 1]} differ for {first} and {second}");
            }
        }
    }

    private static (string Text, bool Failed, bool Refused) Outcome(string text, Func<CelProgram> compile)
    {
        try
        {
            var program = compile();
            return program.TryEvaluate(Variables, out var value, out var problem, TestContext.Current.CancellationToken)
                ? (value.ToString() + value.GetHashCode(), false, false)
                : (problem.Message, true, false);
        }
        catch (CelException problem)
        {
            return (problem.Message, true, true);
        }
        catch (Exception problem)
        {
            throw new InvalidOperationException(text, problem);
        }
    }

    private static bool? Result(CelProgram program, Dictionary<string, object?> variables) =>
        program.TryEvaluate(variables, out var value, out _, TestContext.Current.CancellationToken) ? ((CelBool)value).Value : null;
}
