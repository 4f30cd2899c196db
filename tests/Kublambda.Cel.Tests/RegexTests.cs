namespace Kublambda.Cel.Tests;

/// <summary>RE2's meaning of patterns, where it differs from .NET's.</summary>
public sealed class RegexTests
{
    [Theory]
    [InlineData("abc", "b", true)]
    [InlineData("abc", "^b", false)]
    [InlineData("a\n", "^a$", false)]
    [InlineData("a\nb", "(?m)^b$", true)]
    [InlineData("a\nb", "a.b", false)]
    [InlineData("a\nb", "(?s)a.b", true)]
    [InlineData("a\nb", "(?s:a.)b", true)]
    [InlineData("ab", "(?i)AB", true)]
    [InlineData("aB", "(?i:A)B", true)]
    [InlineData("ab", "(?i:A)B", false)]
    [InlineData("٣", @"^\d$", false)]
    [InlineData("é", @"^\w$", false)]
    [InlineData("é", @"^\pL$", true)]
    [InlineData("é", @"^[^\p{Lu}]$", true)]
    [InlineData("É", @"^\P{Ll}$", true)]
    [InlineData("🐱", "^.$", true)]
    [InlineData("🐱🐱", "^🐱{2}$", true)]
    [InlineData("😀", "^[😀-😎]$", true)]
    [InlineData("🐱", "^[^a]$", true)]
    [InlineData("🐱", @"^\x{1F431}$", true)]
    [InlineData("x", "^[[:alpha:][:digit:]]$", true)]
    [InlineData("-", "^[[:^alpha:]]$", true)]
    [InlineData("]", "^[]]$", true)]
    [InlineData("a-z", "^[a-]-[z]$", true)]
    [InlineData("^", @"^[\^]$", true)]
    [InlineData("a+b", @"^\Qa+b\E$", true)]
    [InlineData("abab", "^(?:ab)+$", true)]
    [InlineData("abab", "^(?P<pair>ab){2}$", true)]
    [InlineData("{x}", "^{x}$", true)]
    [InlineData("aaa", "^a{2,3}?$", true)]
    [InlineData("", "", true)]
    [InlineData("b", "a|b|", true)]
    [InlineData("a", @"^\141$", true)]
    [InlineData("\n", @"^\012$", true)]
    [InlineData("\0" + "8", @"^\08$", true)]
    [InlineData("😀", @"^\P{L}$", true)]
    [InlineData("😀", @"^[^\P{L}]$", false)]
    [InlineData("aaa", "(?U)^a*$", true)]
    [InlineData("1.2.3", @"^\d+(\.\d+){2}$", true)]
    public void Patterns_mean_what_they_mean_in_RE2(string text, string pattern, bool matches)
    {
        var program = CelProgram.Compile("text.matches(pattern)", CelEnvironment.Standard.WithVariables("text", "pattern"));
        Assert.Equal(matches, program.EvaluateCondition(new Dictionary<string, object?> { ["text"] = text, ["pattern"] = pattern }));
    }

    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("a**")]
    [InlineData("a{3}{2}")]
    [InlineData("a*{2}")]
    [InlineData("a???")]
    [InlineData(@"\8")]
    [InlineData("(?=a)")]
    [InlineData("(?!a)")]
    [InlineData("(?<=a)b")]
    [InlineData("(?>a)")]
    [InlineData("(?x) a")]
    [InlineData(@"(a)\1")]
    [InlineData(@"\k<a>")]
    [InlineData(@"\G")]
    [InlineData(@"\Z")]
    [InlineData("[z-a]")]
    [InlineData("[[:nope:]]")]
    [InlineData(@"\p{Greek}")]
    [InlineData("a{2,1}")]
    [InlineData("a\\")]
    public void What_RE2_does_not_know_is_refused(string pattern)
    {
        var program = CelProgram.Compile("''.matches(pattern)", CelEnvironment.Standard.WithVariables("pattern"));
        var problem = Assert.Throws<CelException>(() => program.EvaluateCondition(new Dictionary<string, object?> { ["pattern"] = pattern }));
        Assert.Contains("bad regular expression", problem.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'baaac'.findAll('a*')", "[\"\", \"aaa\", \"\"]")]
    [InlineData("'a😀b'.findAll('').size()", "4")]
    [InlineData("'a😀b'.findAll('.')", "[\"a\", \"😀\", \"b\"]")]
    [InlineData("'aaa'.find('(?U)a+')", "\"a\"")]
    [InlineData("'aaa'.find('(?U)a+?')", "\"aaa\"")]
    [InlineData("'aaa'.find('(?U:a+)a+')", "\"aaa\"")]
    [InlineData("'abcd'.find('a|ab|abc')", "\"a\"")]
    public void What_is_found_is_what_RE2_finds(string expression, string found) => Assert.Equal(found, Cel.Run(expression).ToString());

    [Fact]
    public void Building_large_patterns_over_and_over_is_charged()
    {
        var problem = Cel.Fails("lists.range(1000).all(x, !''.matches('.{999}' + string(x)))");

        Assert.Equal(CelErrorKind.Limit, problem.Kind);
    }
}
