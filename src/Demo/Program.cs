using Cozy.Fleet.Demo;

return await DemoCommand.RunAsync(args);
