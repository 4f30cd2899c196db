using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Kublambda.Cel.Tests;

/// <summary>Whatever the expression: an error in bounded time, never a stack overflow and never much memory.</summary>
public sealed class HostileExpressionTests
{
    private const int Deep = 10_000;

    public static TheoryData<string> DeepExpressions => new(
        new string('(', Deep) + "1" + new string(')', Deep),
        new string('[', Deep) + new string(']', Deep),
        string.Concat(Enumerable.Repeat("{1:", Deep / 2)) + "1" + new string('}', Deep / 2),
        new string('!', Deep) + "true",
        new string('-', Deep) + "1",
        string.Concat(Enumerable.Repeat("- ", Deep)) + "x",
        "x" + string.Concat(Enumerable.Repeat(".a", Deep)),
        "x" + string.Concat(Enumerable.Repeat("[0]", Deep)),
        "x" + string.Concat(Enumerable.Repeat(".size()", 4_000)),
        "1" + string.Concat(Enumerable.Repeat("+1", Deep)),
        string.Concat(Enumerable.Repeat("true?1:", 4_000)) + "1",
        string.Concat(Enumerable.Repeat("f(", Deep)) + "1" + new string(')', Deep),
        string.Concat(Enumerable.Repeat("[1].all(x,", 2_500)) + "true" + new string(')', 2_500),
        string.Concat(Enumerable.Repeat("has(", Deep / 2)) + "a.b" + new string(')', Deep / 2));

    [Theory]
    [MemberData(nameof(DeepExpressions))]
    public void Depth_without_end_is_an_error(string expression)
    {
        var problem = Cel.Fails(expression, CelLimits.Default);

        Assert.Equal(CelErrorKind.Limit, problem.Kind);
        Assert.Contains("nested more than 250 levels", problem.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(DeepExpressions))]
    public void Depth_without_end_is_an_error_on_a_small_stack_without_limits_too(string expression)
    {
        Exception? problem = null;
        var unlimited = CelLimits.Default with { MaxDepth = int.MaxValue, MaxExpressionLength = int.MaxValue };
        var thread = new Thread(() => problem = Record.Exception(() => CelProgram.CompileUnchecked(expression, CelEnvironment.Standard.WithLimits(unlimited)).Evaluate(Cel.NoVariables)), 256 * 1024);
        thread.Start();
        thread.Join();

        Assert.True(problem is null or CelException, problem?.ToString());
    }

    [Theory]
    [InlineData(32)]
    [InlineData(200)]
    public void Depth_that_people_write_is_fine(int depth)
    {
        Assert.Equal(1L, Cel.Run(new string('(', depth) + "1" + new string(')', depth)).ToObject());
        Assert.Equal((long)depth, Cel.Run("0" + string.Concat(Enumerable.Repeat(" + 1", depth))).ToObject());
        Assert.Equal(true, Cel.Run(string.Concat(Enumerable.Repeat("false || ", depth * 10)) + "true").ToObject());
    }

    [Fact]
    public void Length_without_end_is_an_error()
    {
        var problem = Cel.Fails("'" + new string('a', 40_000) + "'");

        Assert.Equal(CelErrorKind.Limit, problem.Kind);
    }

    public static TheoryData<string> Explosions => new(
        Nested("[0,1,2,3,4,5,6,7,8,9].all(x{0}, ", 12, "true"),
        Nested("[0,1,2,3,4,5,6,7,8,9].map(x{0}, ", 12, "1"),
        Doubled("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "{0} + {0}", 40, "size({0})"),
        Doubled("[1, 2, 3]", "{0} + {0}", 40, "size({0})"),
        Doubled("[1]", "[{0}, {0}]", 60, "{0} == {0}"),
        Doubled("[1]", "[{0}, {0}]", 60, "'%s'.format([{0}])"),
        Doubled("[1]", "[{0}, {0}]", 60, "{0}.flatten(1000)"),
        Doubled("'ab'", "{0}.replace('', {0})", 30, "size({0})"),
        "'%s'.format([['foo','bar']" + string.Concat(Enumerable.Repeat(".map(x, [x + x, x + x])", 60)) + "])",
        "lists.range(9223372036854775807)",
        "lists.range(1000000).map(x, lists.range(1000))",
        "lists.range(100000).map(x, string(x)).distinct().size()",
        "lists.range(900).all(x, lists.range(2000).all(y, x in lists.range(1000)))",
        "lists.range(60000).sortBy(x, -x)[0]",
        "lists.range(60000).map(x, 'a').sort()",
        WithLongText("{'a': 1}.exists(k, s in {k: 1})"),
        WithLongText("{'a': 1}[s] == 1"),
        WithLongText("{s: 1} == {}"),
        WithLongText("duration(s) == duration('1s')"),
        WithLongText("timestamp(s) == timestamp(0)"),
        WithLongText("double(s) == 1.0"),
        WithLongText("bool(s)"),
        WithLongText("isURL(s)"),
        WithLongText("timestamp(0).getHours('Europe/' + string(x)) == 1"),
        "cel.bind(s, lists.range(50000).map(x, 'aaaaaaaaaa').join(), lists.range(100).all(x, s.contains(s.substring(1) + 'b') == false))",
        "'%.1000f%.1000f%.1000f'.format([1e308, 1e308, 1e308]).split('').map(a, 'x').join().size() > 0 && lists.range(100000).all(x, '%.1000f'.format([1e308]).size() > 0)");

    [Theory]
    [MemberData(nameof(Explosions))]
    public void What_explodes_is_stopped_by_its_cost(string expression)
    {
        var limits = CelLimits.Default with { MaxDepth = 1_000 };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();

        var problem = Cel.Fails(expression, limits);

        Assert.Equal(CelErrorKind.Limit, problem.Kind);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2L << 30);
    }

    [Theory]
    [InlineData("s.matches('(a+)+$')")]
    [InlineData("s.matches('(a|aa)+$')")]
    [InlineData("s.matches('(.*a){20}$')")]
    [InlineData("s.matches('^(([a-z])+.)+[A-Z]([a-z])+$')")]
    [InlineData("s.findAll('(a*)*b').size() > 0")]
    public void Patterns_that_backtrack_elsewhere_are_linear_here(string expression)
    {
        var program = CelProgram.Compile(expression, CelEnvironment.Standard.WithVariable("s", CelKind.String));
        var clock = Stopwatch.StartNew();

        Assert.False(program.EvaluateCondition(new Dictionary<string, object?> { ["s"] = new string('a', 20_000) + "!" }, TestContext.Current.CancellationToken));

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("''.matches('((a{1000}){1000}){1000}')")]
    [InlineData("''.matches('(((((a{9}){9}){9}){9}){9}){9}')")]
    [InlineData("''.matches('a{100000}')")]
    public void Patterns_too_large_to_build_are_refused(string expression) =>
        Assert.Contains("bad regular expression", Cel.Fails(expression).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_pattern_that_is_too_long_is_refused() =>
        Assert.Contains("longer than 1000", Cel.Fails($"''.matches('{new string('a', 2_000)}')").Reason, StringComparison.Ordinal);

    [Fact]
    public void Cancellation_and_time_stop_an_evaluation()
    {
        var endless = "lists.range(9000).all(x, lists.range(9000).all(y, x + y >= 0))";
        var patient = CelLimits.Default with { MaxCost = long.MaxValue, Timeout = TimeSpan.FromMinutes(5) };
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        Assert.Throws<OperationCanceledException>(() => CelProgram.CompileUnchecked(endless, CelEnvironment.Standard.WithLimits(patient)).Evaluate(Cel.NoVariables, cancellation.Token));
        var problem = Cel.Fails(endless, patient with { Timeout = TimeSpan.FromMilliseconds(100) });

        Assert.Equal(CelErrorKind.Limit, problem.Kind);
        Assert.Contains("longer than 0.1 s", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void No_operator_absorbs_a_limit() =>
        Assert.Equal(CelErrorKind.Limit, Cel.Fails("true || lists.range(9223372036854775807) == [] ? lists.range(9000000) == [] || true : false").Kind);

    [Fact]
    public void Deep_input_is_walked_without_overflow()
    {
        var json = new StringBuilder().Insert(0, "[", 20_000).Append(']', 20_000).ToString();
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 30_000 });
        var variables = new Dictionary<string, object?> { ["a"] = document, ["b"] = document };
        var environment = CelEnvironment.Standard.WithVariables("a", "b");

        foreach (var expression in new[] { "a == b", "a in [b]", "'%s'.format([a]) == ''", "a.flatten(100000) == []" })
        {
            var problem = Record.Exception(() => CelProgram.Compile(expression, environment).Evaluate(variables));
            Assert.True(problem is null or CelException, problem?.ToString());
        }
    }

    [Fact]
    public void Random_text_never_does_anything_but_fail_cleanly()
    {
        var random = new Random(1);
        string[] pieces = ["a", "1", "'", "\"", "(", ")", "[", "]", "{", "}", ".", "?", ":", "+", "-", "!", "&&", "||", "in", " ", "\\", "b'", "r\"", "0x", "1e", "u", ",", "==", "<", "all(", "x,", "\n", "`", "\ud83d", "é"];
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 15)).Select(_ => pieces[random.Next(pieces.Length)]));
            var problem = Record.Exception(() => CelProgram.CompileUnchecked(text, CelEnvironment.Standard).Evaluate(Cel.NoVariables));
            Assert.True(problem is null or CelException, $"{text}: {problem}");
        }
    }

    // A text of half a million characters, looked at many times.
    private static string WithLongText(string condition) =>
        $"cel.bind(s, lists.range(50000).map(x, '1111111111').join(), lists.range(200000).exists(x, {condition}))";

    private static string Nested(string open, int depth, string inner) =>
        string.Concat(Enumerable.Range(0, depth).Select(level => string.Format(null, open, level))) + inner + new string(')', depth);

    private static string Doubled(string start, string step, int times, string end)
    {
        var text = new StringBuilder($"cel.bind(v0, {start}, ");
        for (var i = 1; i <= times; i++) text.Append($"cel.bind(v{i}, {string.Format(null, step, "v" + (i - 1))}, ");
        return text.Append(string.Format(null, end, "v" + times)).Append(')', times + 1).ToString();
    }
}
