using Kublambda.Deployer;
using Kublambda.Deployer.Consumers;
using Kublambda.Hosting;
using Kublambda.Kubernetes;

var builder = WebApplication.CreateBuilder(args);
builder.AddKublambdaDefaults("deployer", bus =>
{
    bus.AddConsumer<LambdaBuiltConsumer>();
    bus.AddConsumer<LambdaDeletedConsumer>();
});
builder.Services.AddKubernetes().AddWorkloads().AddWatching().AddLeading();

var app = builder.Build();
app.MapKublambdaDefaults();
await app.RunAsync();
