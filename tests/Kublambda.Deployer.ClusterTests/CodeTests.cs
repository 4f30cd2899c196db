using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.ClusterTests;

/// <summary>Code that does not come up says why within seconds, in the words of the invoker and with its log.</summary>
public sealed class CodeTests(Cluster cluster)
{
    [Theory]
    [InlineData("no-handler", "exports.other = 1", Reasons.HandlerNotFound, "handler")]
    [InlineData("syntax", "exports.handler = (", Reasons.LoadFailed, "SyntaxError")]
    [InlineData("module", "require('not-there')", Reasons.LoadFailed, "not-there")]
    [InlineData("exits", "setTimeout(() => process.exit(3), 50); exports.handler = () => 1", Reasons.CrashLoop, "process.exit(3)")]
    [InlineData("throws", "setTimeout(() => { throw new Error('boom') }, 50); exports.handler = () => 1", Reasons.CrashLoop, "boom")]
    [InlineData("memory", "const a = []; for (;;) a.push(Buffer.alloc(16 << 20, 1))", Reasons.OutOfMemory, "limits.memory")]
    [InlineData("loads-for-ever", "module.exports = new Promise(() => {}); while (Date.now() % 1e12 > 0);", Reasons.NotListening, "has not been ready")]
    public async Task Code_that_does_not_run_says_why(string name, string code, string reason, string word)
    {
        cluster.Require();
        await cluster.DeployAsync(await cluster.ALambdaAsync(name, code: code));
        var said = await cluster.SaysAsync(name, reason);
        Assert.Equal(ConditionStatus.False, said!.Status);
        Assert.Contains(word, said.Message, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(said.Message);
    }
}
