namespace Kublambda.Triggers.Tests;

public sealed class LabelSelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "shop", ["tier"] = "", ["example.com/weight"] = "12" };

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("app=shop", true)]
    [InlineData("app == shop , tier", true)]
    [InlineData("app=desk", false)]
    [InlineData("app!=desk", true)]
    [InlineData("app!=shop", false)]
    [InlineData("other!=shop", true)]
    [InlineData("tier=", true)]
    [InlineData("app in (desk, shop)", true)]
    [InlineData("app in(desk)", false)]
    [InlineData("app notin (desk)", true)]
    [InlineData("other notin (desk),app", true)]
    [InlineData("app,!other", true)]
    [InlineData("!app", false)]
    [InlineData("example.com/weight>11", true)]
    [InlineData("example.com/weight > 12", false)]
    [InlineData("example.com/weight<13,app", true)]
    [InlineData("app>1", false)]
    public void It_selects_as_the_API_server_does(string? text, bool expected) => Assert.Equal(expected, LabelSelector.Parse(text).Matches(Labels));

    [Theory]
    [InlineData("app=shop,", "comma")]
    [InlineData("=shop", "label's name")]
    [InlineData("app in (a", "parenthesis")]
    [InlineData("app in a)", "parenthesis")]
    [InlineData("app=a b", "label's value")]
    [InlineData("app===a", "label's name")]
    [InlineData("-app", "label's name")]
    [InlineData("app>many", "whole number")]
    public void What_is_wrong_is_said(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => LabelSelector.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_same_selection_has_the_same_text() =>
        Assert.Equal(LabelSelector.Parse("b , a in (y,x)").ToString(), LabelSelector.Parse("a in ( x, y ),b").ToString());
}
