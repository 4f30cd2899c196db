using System.Diagnostics;
using System.Text;
using Kublambda.Contracts;
using Kublambda.Hosting.Logs;

namespace Kublambda.Hosting.Tests;

public sealed class LogTailTests
{
    [Theory]
    [InlineData("cloning https://user:hunter2@git.example.com/x.git", "cloning https://user:***@git.example.com/x.git")]
    [InlineData("cloning https://0a1b2c3d4e@git.example.com/x.git", "cloning https://***@git.example.com/x.git")]
    [InlineData("amqp://guest:guest@rabbitmq:5672/", "amqp://guest:***@rabbitmq:5672/")]
    [InlineData("> Authorization: Bearer abc.def", "> Authorization: Bearer ***")]
    [InlineData("> authorization: Basic dXNlcjpodW50ZXIy", "> authorization: Basic ***")]
    [InlineData("\"Authorization\": \"Bearer abc\", \"Accept\"", "\"Authorization\": \"Bearer ***\", \"Accept\"")]
    [InlineData("PRIVATE-TOKEN: abc def", "PRIVATE-TOKEN: ***")]
    [InlineData("Cookie: session=1; other=2", "Cookie: ***")]
    [InlineData("sent Bearer 0123456789abcdef to it", "sent Bearer *** to it")]
    [InlineData("NPM_TOKEN=abc123 npm install", "NPM_TOKEN=*** npm install")]
    [InlineData("//registry.npmjs.org/:_authToken=npm-abc", "//registry.npmjs.org/:_authToken=***")]
    [InlineData("db_password: \"with spaces\" next", "db_password: *** next")]
    [InlineData("{\"client_secret\":\"s3\"}", "{\"client_secret\":***}")]
    [InlineData("took ghp_0123456789abcdefghij0123 of me", "took *** of me")]
    [InlineData("AKIAIOSFODNN7EXAMPLE is mine", "*** is mine")]
    [InlineData("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl end", "jwt *** end")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nafter", "***\nafter")]
    [InlineData("MIIE\nabc\n-----END PRIVATE KEY-----\nafter", "***\nafter")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIE", "***")]
    public void A_secret_is_hidden_by_its_shape(string log, string shown) => Assert.Equal(shown, LogTail.Of(log));

    [Theory]
    [InlineData("SyntaxError: Unexpected token: punc (})")]
    [InlineData("SyntaxError: Invalid or unexpected token")]
    [InlineData("unauthorized: authentication required")]
    [InlineData("npm ERR! 404 Not Found - GET https://registry.npmjs.org/nope - Not found")]
    [InlineData("Cloning from ssh://git@github.com/shop/greet.git")]
    [InlineData("at Object.<anonymous> (/function/index.js:3:7)")]
    [InlineData("copying @scope/package@1.2.3 to node_modules")]
    [InlineData("basic authentication is off")]
    public void What_explains_a_failure_stays(string log) => Assert.Equal(log, LogTail.Of(log));

    [Fact]
    public void A_secret_that_is_told_is_hidden_wherever_it_stands()
    {
        var shown = LogTail.Of($"got correct horse, {Convert.ToBase64String("correct horse"u8)} and ab", ["correct horse", "ab"]);
        Assert.Equal("got ***, *** and ab", shown);
    }

    [Fact]
    public void A_log_is_cut_to_its_end_in_whole_characters_and_without_colours()
    {
        var log = string.Join('\n', Enumerable.Range(0, 1000).Select(i => $"line {i} " + new string('é', 200))) + "\n\u001b[31mred\u001b[0m\r\nlast\n\n";
        var tail = LogTail.Of(log);
        Assert.InRange(Encoding.UTF8.GetByteCount(tail), Limits.LogTailBytes - 3, Limits.LogTailBytes);
        Assert.EndsWith("\nred\nlast", tail, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', tail);
        Assert.Equal(Limits.LogTailLines, LogTail.Of(string.Join('\n', Enumerable.Range(0, 100))).Split('\n').Length);
    }

    [Theory]
    [InlineData("a.")]
    [InlineData("a-token")]
    [InlineData("https://a:")]
    [InlineData("Bearer a")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("authorization: \"")]
    public void A_hostile_log_costs_no_more_than_its_length(string repeated)
    {
        var log = string.Concat(Enumerable.Repeat(repeated, 256 * 1024 / repeated.Length));
        var begin = Stopwatch.GetTimestamp();
        LogTail.Of(log);
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 5);
    }
}
