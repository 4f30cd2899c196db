using System.Diagnostics;

namespace Kublambda.Cel.Tests;

/// <summary>Long texts, many patterns, names that are paths: neither compiling nor a message grows with them.</summary>
public sealed class HostileTextTests
{
    [Fact]
    public void Many_large_patterns_do_not_make_a_program_slow_to_compile()
    {
        var expression = string.Join("||", Enumerable.Range(0, 800).Select(n => $"t.matches('[^a-zx]{{999}}{n}')"));
        var clock = Stopwatch.StartNew();

        var program = CelProgram.Compile(expression, CelEnvironment.Standard.WithVariables("t"));

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        var problem = Assert.Throws<CelException>(() => program.Evaluate(new Dictionary<string, object?> { ["t"] = "" }));
        Assert.Equal(CelErrorKind.Limit, problem.Kind);
    }

    [Theory]
    [InlineData("{}[s]")]
    [InlineData("[1][s]")]
    [InlineData("duration(s)")]
    [InlineData("timestamp(s)")]
    [InlineData("int(s)")]
    [InlineData("url(s + ' ')")]
    [InlineData("quantity(s)")]
    [InlineData("''.matches(s)")]
    [InlineData("(s + '%').format([])")]
    [InlineData("timestamp(0).getHours(s)")]
    [InlineData("{s: 1, s: 2}")]
    [InlineData("base64.decode(s + '!')")]
    public void A_message_holds_no_more_of_a_text_than_is_needed_to_recognise_it(string expression)
    {
        var program = CelProgram.Compile(expression, CelEnvironment.Standard.WithVariable("s", CelKind.Dyn));

        var problem = Assert.Throws<CelException>(() => program.Evaluate(new Dictionary<string, object?> { ["s"] = new string('a', 100_000) }));

        Assert.InRange(problem.Message.Length, 1, 500);
    }

    [Fact]
    public void The_check_stops_at_twenty_problems()
    {
        var problem = Assert.Throws<CelException>(() => CelProgram.Compile(string.Join("||", Enumerable.Range(0, 2_000).Select(n => "a" + n)), CelEnvironment.Standard));

        Assert.Equal(20, problem.Issues.Count);
    }

    [Theory]
    [InlineData("../../etc/localtime")]
    [InlineData("/dev/zero")]
    [InlineData("/etc/localtime")]
    [InlineData("Europe/../UTC")]
    [InlineData("Europe/Paris\u0000")]
    public void A_time_zone_is_a_name_and_no_path(string zone) =>
        Assert.StartsWith("unknown time zone", Cel.Fails($"timestamp(0).getHours('{zone}')").Reason, StringComparison.Ordinal);
}
